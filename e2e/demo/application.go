package demo

import (
	"context"
	"fmt"
)

// accountRows is how many rows the demo loads.
const accountRows = 200000

// startApplication starts the database and its client at the source.
func (d *Demo) startApplication(ctx context.Context) error {
	d.tell.step("An application in src: a PostgreSQL with a volume, and a client that inserts a row every 200 ms.")
	return d.all(ctx,
		on("src")+" apply --filename "+example+"/namespace.yaml",
		on("src")+" apply --kustomize "+example,
		on("src")+" rollout status statefulset/postgres deployment/client --timeout=2m")
}

// sql is a command that asks the database, by the Service's name, as the client does.
func sql(where, query string) string {
	return on(where) + " exec deployment/client -- psql -qtAc " + nextLine + `"` + query + `"`
}

// nextLine is where a shown command goes on in the next line.
const nextLine = "\\\n    "

// summary counts all rows of the accounts and hashes every column of each, in order.
const summary = "select count(*), md5(string_agg(a::text, ',' order by id)) from accounts a"

// fill makes a table of deterministic content, and returns its summary.
func (d *Demo) fill(ctx context.Context) (string, error) {
	d.tell.step("%d rows of data, and their checksum: all columns of all rows, in order.", accountRows)
	table := fmt.Sprintf("create table accounts as select i id, md5(i::text) owner, i %% 997 balance from generate_series(1, %d) i",
		accountRows)
	if _, err := d.shown(ctx, sql("src", table)); err != nil {
		return "", err
	}
	out, err := d.shown(ctx, sql("src", summary))
	if err != nil {
		return "", err
	}
	d.tell.say("%s", out)
	return out, nil
}
