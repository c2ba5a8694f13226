//go:build processors

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
)

const bufferBytes = 1 << 20

// A fileRun takes a file through the processor: one goroutine reads, as many as there are cores work,
// and what they make is written in the order of what was read.
type fileRun struct {
	in, out, form, config string
	cores                 int
}

// A job is one request; what comes of it is sent to done.
type job struct {
	request []byte
	done    chan result
}

type result struct {
	written []byte
	err     error
}

func (r fileRun) do() error {
	runtime.GOMAXPROCS(r.cores)
	way, known := forms[r.form]
	if !known {
		return fmt.Errorf("no form %q", r.form)
	}
	in, err := os.Open(r.in)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(r.out)
	if err != nil {
		return err
	}
	defer out.Close()
	// What is under way is bounded: twice as many jobs as there are cores, as in otx.
	jobs, ordered := make(chan job, 2*r.cores), make(chan job, 2*r.cores)
	if err := r.startWorkers(way, jobs); err != nil {
		return err
	}
	go readJobs(way, in, jobs, ordered)
	if err := writeInOrder(way, out, ordered); err != nil {
		return err
	}
	return out.Close()
}

func (r fileRun) startWorkers(way form, jobs <-chan job) error {
	var config []byte
	if r.config != "" {
		text, err := os.ReadFile(r.config)
		if err != nil {
			return err
		}
		config = text
	}
	for range r.cores {
		// Each its own: statements of one processor share a cache.
		change, err := newProcess(config)
		if err != nil {
			return err
		}
		go func() {
			for one := range jobs {
				written, err := way.through(one.request, change)
				one.done <- result{written, err}
			}
		}()
	}
	return nil
}

// readJobs gives each job to the writer and to the workers; how reading fails is a job's result.
func readJobs(way form, in io.Reader, jobs, ordered chan<- job) {
	defer close(ordered)
	defer close(jobs)
	file := bufio.NewReaderSize(in, bufferBytes)
	for {
		request, err := way.read(file)
		if err == io.EOF {
			return
		}
		one := job{request, make(chan result, 1)}
		ordered <- one
		if err != nil {
			one.done <- result{nil, err}
			return
		}
		jobs <- one
	}
}

func writeInOrder(way form, out io.Writer, ordered <-chan job) error {
	file := bufio.NewWriterSize(out, bufferBytes)
	for one := range ordered {
		made := <-one.done
		if made.err != nil {
			return made.err
		}
		// A failed write is told by the flush.
		file.Write(made.written)
		file.Write(way.end)
	}
	return file.Flush()
}
