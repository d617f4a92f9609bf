package main

import (
	"context"
	"net"
	"net/http"
	"testing"
)

func TestListenPort(t *testing.T) {
	tests := []struct {
		name    string
		args    []string
		fromEnv string
		want    string
		wantErr bool
	}{
		{name: "default", want: "8080"},
		{name: "environment", fromEnv: "9000", want: "9000"},
		{name: "flag wins", args: []string{"-port", "9001"}, fromEnv: "9000", want: "9001"},
		{name: "no number", fromEnv: "http", wantErr: true},
		{name: "too large", args: []string{"-port", "65536"}, wantErr: true},
		{name: "zero", fromEnv: "0", wantErr: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := listenPort(tt.args, tt.fromEnv)

			if got != tt.want || (err != nil) != tt.wantErr {
				t.Errorf("listenPort() = %q, %v; want %q, error %v", got, err, tt.want, tt.wantErr)
			}
		})
	}
}

func TestServeFinishesRequestsInFlight(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	inFlight := make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(inFlight)
		<-ctx.Done()
		w.WriteHeader(http.StatusTeapot)
	})
	served := make(chan error, 1)
	go func() { served <- serve(ctx, listener, slow) }()
	go func() { <-inFlight; stop() }()

	answer, err := http.Get("http://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusTeapot {
		t.Errorf("status %d, want %d", answer.StatusCode, http.StatusTeapot)
	}
	if err := <-served; err != nil {
		t.Errorf("serve() = %v", err)
	}
}
