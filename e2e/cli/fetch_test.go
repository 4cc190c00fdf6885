//go:build cli

package cli

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
)

// fetch is a program for scripts: it gets a URL without following where that leads, and prints what is asked for of the answer.
func fetch() {
	cookie := flag.String("cookie", "", "file with a cookie; one that the answer sets is written there")
	host := flag.String("host", "", "host to ask for; empty: that of the URL")
	body := flag.Bool("body", false, "print the body, and not the status")
	flag.Parse()
	if err := fetchTo(os.Stdout, flag.Arg(0), *cookie, *host, *body); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func fetchTo(w io.Writer, url, cookie, host string, body bool) error {
	r, err := http.NewRequest(http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	r.Host = host
	if cookie != "" {
		if data, err := os.ReadFile(cookie); err == nil {
			r.Header.Set("Cookie", string(data))
		}
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	for _, c := range answer.Cookies() {
		if err := os.WriteFile(cookie, []byte(c.Name+"="+c.Value), 0o600); err != nil {
			return err
		}
	}
	if !body {
		_, err = fmt.Fprintln(w, answer.StatusCode)
		return err
	}
	_, err = io.Copy(w, answer.Body)
	return err
}
