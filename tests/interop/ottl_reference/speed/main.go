//go:build processors

// Times the Collector's transform processor on traces: what a span costs on one core (tasks of JSON,
// a line each, on stdin), or a whole file (flags).
package main

import (
	"encoding/json"
	"flag"
	"log"
	"os"
	"runtime"
)

func main() {
	log.SetFlags(0)
	var run fileRun
	flag.StringVar(&run.in, "in", "", "the file that is read; without it, tasks come on stdin")
	flag.StringVar(&run.out, "out", "", "the file that is written")
	flag.StringVar(&run.form, "form", "protobuf", "what both hold: protobuf (behind lengths) or json (lines)")
	flag.StringVar(&run.config, "config", "", "a file with the processor's configuration; without it, there is none")
	flag.IntVar(&run.cores, "cores", runtime.NumCPU(), "how many cores may be used")
	flag.Parse()
	var err error
	if run.in != "" {
		err = run.do()
	} else {
		err = answerTasks()
	}
	if err != nil {
		log.Fatal(err)
	}
}

func answerTasks() error {
	runtime.GOMAXPROCS(1)
	tasks, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for tasks.More() {
		var one task
		if err := tasks.Decode(&one); err != nil {
			return err
		}
		nanoseconds, err := one.nanosecondsASpan()
		if err != nil {
			return err
		}
		if err := answers.Encode(map[string]float64{"ns_a_span": nanoseconds}); err != nil {
			return err
		}
	}
	return nil
}
