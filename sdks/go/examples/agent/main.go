package main

import (
	"context"
	"fmt"
	"log"

	"verdict.example/verdict"
)

func main() {
	client, err := verdict.New()
	if err != nil {
		log.Fatal(err)
	}
	for _, action := range []verdict.Request{
		{ActionType: "http_request", ActionName: "GET", Destination: verdict.Destination{URL: "https://api.example.com/orders/7"}},
		{ActionType: "sql_query", ActionName: "orders-db", Arguments: map[string]any{"query": "DROP TABLE orders"}},
		{ActionType: "command_exec", ActionName: "bash", Arguments: map[string]any{"command": "git status"}},
	} {
		run := func(context.Context) error { // your http.Get, your query, your exec.Command
			fmt.Println("done:", action.ActionType)
			return nil
		}
		if err := client.Guard(context.Background(), action, run); err != nil {
			fmt.Println("not done:", err)
		}
	}
}
