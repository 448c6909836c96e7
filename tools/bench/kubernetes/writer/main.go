// Writer sends objects to an API server as fast as it takes them: the baseline of the benchmarks, with no thought of its own.
//
// It reads lines of JSON, each the calls of one installation in the order in which they are made, has so many
// installations on their way at once, and tells how long it took. The first answer that is no success ends it.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

type call struct {
	Method      string          `json:"method"`
	Path        string          `json:"path"`
	ContentType string          `json:"contentType"`
	Body        json.RawMessage `json:"body"`
}

type result struct {
	Calls   int     `json:"calls"`
	Seconds float64 `json:"seconds"`
}

const longestLine = 1 << 20

var (
	server  = flag.String("server", "", "URL of the API server")
	caFile  = flag.String("ca", "", "file with the certificate of its authority")
	workers = flag.Int("workers", 32, "installations on their way at once")
)

func main() {
	flag.Parse()
	client, err := connected()
	if err != nil {
		fail(err)
	}
	work, err := read(os.Stdin)
	if err != nil {
		fail(err)
	}
	token := os.Getenv("TOKEN")
	lines := make(chan []call)
	begun := time.Now()
	var waiting sync.WaitGroup
	for range *workers {
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			for calls := range lines {
				for _, each := range calls {
					if err := send(client, token, each); err != nil {
						fail(err)
					}
				}
			}
		}()
	}
	made := result{}
	for _, calls := range work {
		lines <- calls
		made.Calls += len(calls)
	}
	close(lines)
	waiting.Wait()
	made.Seconds = time.Since(begun).Seconds()
	if err := json.NewEncoder(os.Stdout).Encode(made); err != nil {
		fail(err)
	}
}

func connected() (*http.Client, error) {
	certificate, err := os.ReadFile(*caFile)
	if err != nil {
		return nil, err
	}
	known := x509.NewCertPool()
	known.AppendCertsFromPEM(certificate)
	transport := &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: known},
		MaxIdleConnsPerHost: *workers,
	}
	return &http.Client{Transport: transport, Timeout: time.Minute}, nil
}

// read takes all of the work in before the first call, so that reading is not measured.
func read(from io.Reader) ([][]call, error) {
	var work [][]call
	scanner := bufio.NewScanner(from)
	scanner.Buffer(make([]byte, longestLine), longestLine)
	for scanner.Scan() {
		var calls []call
		if err := json.Unmarshal(scanner.Bytes(), &calls); err != nil {
			return nil, err
		}
		work = append(work, calls)
	}
	return work, scanner.Err()
}

func send(client *http.Client, token string, each call) error {
	request, err := http.NewRequest(each.Method, *server+each.Path, bytes.NewReader(each.Body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", each.ContentType)
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	told, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %s: %.500s", each.Method, each.Path, answer.Status, told)
	}
	return nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
