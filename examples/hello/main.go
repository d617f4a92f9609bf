// Hello is a small HTTP service that keeps users in memory: the same program
// in three images, fat, semi-skimmed and soya.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

const (
	defaultPort   = "8080"
	drainFor      = 10 * time.Second
	headerTimeout = 5 * time.Second
)

func main() {
	port, err := listenPort(os.Args[1:], os.Getenv("PORT"))
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "hello:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		log.Fatal(err)
	}
	if err := serve(ctx, listener, newServer(newStore())); err != nil {
		log.Fatal(err)
	}
}

// listenPort reads the port from -port, else from PORT, else takes the default.
func listenPort(args []string, fromEnv string) (string, error) {
	if fromEnv == "" {
		fromEnv = defaultPort
	}
	flags := flag.NewFlagSet("hello", flag.ContinueOnError)
	port := flags.String("port", fromEnv, "port to listen on; PORT in the environment sets it too")
	if err := flags.Parse(args); err != nil {
		return "", err
	}
	if number, err := strconv.ParseUint(*port, 10, 16); err != nil || number == 0 {
		return "", fmt.Errorf("port %q must be a number from 1 to 65535", *port)
	}
	return *port, nil
}

// serve answers until ctx is done, then lets requests in flight finish.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	log.Printf("listening on %s", listener.Addr())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Print("stopping")
	drain, cancel := context.WithTimeout(context.Background(), drainFor)
	defer cancel()
	return server.Shutdown(drain)
}
