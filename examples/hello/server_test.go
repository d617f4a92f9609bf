package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const ada = `{"name":"Ada","email":"ada@example.com"}`

func TestServerAnswers(t *testing.T) {
	tests := []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"health", "GET", "/healthz", "", 200, `{"status":"ok"}`},
		{"list", "GET", "/users", "", 200, `[{"id":1,"name":"Ada","email":"ada@example.com"}]`},
		{"create", "POST", "/users", ada, 201, `{"id":2,"name":"Ada","email":"ada@example.com"}`},
		{"create ignores the ID", "POST", "/users", `{"id":9,"name":"Bob","email":"b@example.com"}`,
			201, `{"id":2,"name":"Bob","email":"b@example.com"}`},
		{"read", "GET", "/users/1", "", 200, `{"id":1,"name":"Ada","email":"ada@example.com"}`},
		{"update", "PUT", "/users/1", `{"name":"Bob","email":"b@example.com"}`,
			200, `{"id":1,"name":"Bob","email":"b@example.com"}`},
		{"delete", "DELETE", "/users/1", "", 204, ""},
		{"read a stranger", "GET", "/users/7", "", 404, `{"error":"no such user"}`},
		{"update a stranger", "PUT", "/users/7", ada, 404, `{"error":"no such user"}`},
		{"delete a stranger", "DELETE", "/users/7", "", 404, `{"error":"no such user"}`},
		{"an ID that is none", "GET", "/users/ada", "", 404, `{"error":"no such user"}`},
		{"a path that is none", "GET", "/", "", 404, ""},
		{"no JSON", "POST", "/users", "ada", 400, ""},
		{"no name", "POST", "/users", `{"name":" ","email":"a@example.com"}`,
			400, `{"error":"name is required"}`},
		{"no address", "PUT", "/users/1", `{"name":"Ada","email":"Ada <a@example.com>"}`,
			400, `{"error":"email must be an address, as in ada@example.com"}`},
		{"unknown field", "POST", "/users", `{"nick":"ada"}`, 400, ""},
		{"too large", "POST", "/users", `{"name":"` + strings.Repeat("a", maxBody) + `"}`, 400, ""},
		{"method on the list", "DELETE", "/users", "", 405, `{"error":"method not allowed"}`},
		{"method on a user", "POST", "/users/1", ada, 405, `{"error":"method not allowed"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore()
			s.create(user{Name: "Ada", Email: "ada@example.com"})
			got := httptest.NewRecorder()
			newServer(s).ServeHTTP(got, httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.body)))

			if got.Code != tt.status {
				t.Errorf("status %d, want %d: %s", got.Code, tt.status, got.Body)
			}
			if body := strings.TrimSpace(got.Body.String()); tt.want != "" && body != tt.want {
				t.Errorf("body %s, want %s", body, tt.want)
			}
		})
	}
}

func TestCreatedUserHasALocation(t *testing.T) {
	got := httptest.NewRecorder()
	newServer(newStore()).ServeHTTP(got, httptest.NewRequest(http.MethodPost, "/users", strings.NewReader(ada)))

	if location := got.Header().Get("Location"); location != "/users/1" {
		t.Errorf("Location %q, want /users/1", location)
	}
}

func TestRefusedMethodNamesTheAllowedOnes(t *testing.T) {
	got := httptest.NewRecorder()
	newServer(newStore()).ServeHTTP(got, httptest.NewRequest(http.MethodPatch, "/users/1", nil))

	if allow := got.Header().Get("Allow"); allow != "GET, PUT, DELETE" {
		t.Errorf("Allow %q, want GET, PUT, DELETE", allow)
	}
}
