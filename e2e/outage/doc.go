// Package outage watches moves while an API server does not answer: which side runs the
// application, what a client was told that it has written, and whether a status says what is true.
package outage
