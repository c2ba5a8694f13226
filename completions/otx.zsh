#compdef otx
# zsh completion for otx; made by `otx completion zsh`.

_otx() {
  local state line
  _arguments -C \
    '--color[When to colour.]:value:(auto always never)' \
    '--log-level[What to say.]:value:(debug info warning error)' \
    '--version[Print the version.]' \
    {-h,--help}'[Show help.]' \
    '1: :->command' \
    '*:: :->rest'
  case $state in
  command)
    local -a commands=(
    'demo:Run the whole tool on a small live shop, with no set-up.'
    'doctor:Say what this machine can do, and how to mend what it can'\''t.'
    'profile:Sample running programs with eBPF.'
    'dump:Show every thread'\''s stack now, without stopping the process.'
    'flame:Open, convert and compare profiles of any form.'
    'receive:Receive OTLP over gRPC and HTTP and keep it.'
    'ottl:Run, test and explain OTTL without a Collector.'
    'send:Send OTLP to a receiver.'
    'trace:List and show traces from a store.'
    'trace-context:Settle what a trace context header says.'
    'agent:Run an agent that an OpAMP server manages.'
    'opamp:Serve, watch and test OpAMP.'
    'query:Run read-only SQL over a store'\''s tables.'
    'store:Look after a store.'
    'tui:Watch traces, logs and flame graphs live in the terminal.'
    'config:Show the configuration and where each value comes from.'
    'completion:Print the completion script of a shell.'
    )
    _describe command commands ;;
  rest)
    case $line[1] in
    demo) _otx_demo ;;
    doctor) _otx_doctor ;;
    profile) _otx_profile ;;
    dump) _otx_dump ;;
    flame) _otx_flame ;;
    receive) _otx_receive ;;
    ottl) _otx_ottl ;;
    send) _otx_send ;;
    trace) _otx_trace ;;
    trace-context) _otx_trace_context ;;
    agent) _otx_agent ;;
    opamp) _otx_opamp ;;
    query) _otx_query ;;
    store) _otx_store ;;
    tui) _otx_tui ;;
    config) _otx_config ;;
    completion) _otx_completion ;;
    esac ;;
  esac
}

_otx_demo() {
  _arguments -s \
    '--headless[Print a summary instead of opening the screens.]' \
    '--duration[How long to run (10s without a screen).]:value:_files' \
    '--incident[Let something go wrong, after 15 seconds at most.]' \
    '--keep[Keep what arrived in this directory.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_doctor() {
  _arguments -s \
    '--format[The form of the output.]:value:(table json jsonl csv)' \
    '--store[The store to look at.]:value:_files' \
    '--bundle[Write all of it into a .tar.gz for a bug report.]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_profile() {
  _arguments -s \
    '--pid[A process to sample; repeatable.]:value:_files' \
    '--comm[Processes of this name, also later ones.]:value:_files' \
    '--cgroup[Processes in this control group and below.]:value:_files' \
    '--container[A container'\''s; the id'\''s beginning will do.]:value:_files' \
    '--all[Every process, and the kernel'\''s threads.]' \
    {--children,--no-children}'[Sample child processes too.]' \
    '--event[What to sample - time on processors (cpu); time off them, by cause (offcpu); both on one axis (wall); memory asked for (alloc, costs every malloc); page faults (faults).]:value:(cpu offcpu wall alloc faults)' \
    '--min-block[Leave out waits that are shorter; else all count.]:value:_files' \
    {-F,--frequency}'[Samples a second and processor (99).]:value:_files' \
    {-d,--duration}'[How long, as 10s; else until Ctrl-C, or 10s when stdout is no terminal.]:value:_files' \
    '--format[The form; else from the ending of -o, else text.]:value:(text folded pprof speedscope otlp otlp-json html svg json perf-script)' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    '--export[Send OTLP profiles there too, while they are taken.]:value:_files' \
    '--store[Keep the samples in this store too.]:value:_files' \
    '--unwind[Native stacks by unwind tables and, where code has none, frame pointers (auto); by frame pointers (fp); by tables (dwarf).]:value:(auto fp dwarf)' \
    {--kernel,--no-kernel}'[Kernel frames.]' \
    '--threads[A root for each thread'\''s name.]' \
    '--lines[Line numbers of Python and Go frames.]' \
    '--runtime[Interpreters'\'' frames.]:value:(auto none)' \
    '--max-overhead[Sample less often where it takes more of the target'\''s processor time (1).]:value:_files' \
    '--backend[What samples - BPF, BCC, or perf events (own processes, no root).]:value:(auto bpf bcc perf)' \
    '--live[Show the flame graph in the terminal meanwhile.]' \
    '--self-test[Measure what sampling costs here, and say what this machine has.]' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_dump() {
  _arguments -s \
    '--threads[Each thread by itself, also where stacks are alike.]' \
    '--locals[The local variables of Python frames.]' \
    {--kernel,--no-kernel}'[Kernel frames.]' \
    '--format[The form of the output.]:value:(text json)' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_flame() {
  _arguments -s \
    '--diff[Compare values (raw), or shares - FILE as if it had FILE2'\''s total (normalised).]:value:(raw normalised)' \
    '--focus[Only stacks with a matching frame; repeatable.]:value:_files' \
    '--ignore[No stacks with a matching frame; repeatable.]:value:_files' \
    '--top[The first N functions (20), or stacks where the form has stacks.]:value:_files' \
    '--sandwich[Who calls a function, and what it calls.]:value:_files' \
    '--value[The value type to show, as inuse_space.]:value:_files' \
    '--format[The form; else from the ending of -o, else text.]:value:(text folded pprof speedscope otlp otlp-json html svg json perf-script)' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_receive() {
  _arguments -s \
    '--grpc[HOST -PORT or unix -PATH (127.0.0.1 -4317).]:value:_files' \
    '--http[HOST -PORT or unix -PATH (127.0.0.1 -4318).]:value:_files' \
    '--store[Where to keep it; none keeps nothing.]:value:_files' \
    '--print[What to show on stdout (summary on a terminal, else none).]:value:(none summary full jsonl)' \
    '--forward[Send what is kept on to URL, or '\''URL header=K=V ca=FILE compression=gzip'\''.]:value:_files' \
    '--forward-keep[How long or how much waits for a destination that is away (24h and 4GiB).]:value:_files' \
    '--tee[Copy it into FILE, begun anew - .jsonl is JSON lines, .pb protobuf.]:value:_files' \
    '--transform[OTTL to run on what arrives - statements, or transform and filter processors.]:value:_files' \
    '--feature-gates[Feature gates to switch on or off.]:value:_files' \
    '--strict[Refuse what is otx'\''s own and in no Collector.]' \
    '--pipeline[The pipeline of a whole configuration that data enters; one a signal.]:value:_files' \
    '--max-request[Largest request, also after decompression (64MiB).]:value:_files' \
    '--fsync[Acknowledge after fsync, or within a second of it.]:value:(always interval)' \
    '--retain[How long or how much is kept (24h and 10GiB).]:value:_files' \
    '--tls-cert[Take TLS alone, with this certificate (PEM).]:value:_files' \
    '--tls-key[Its private key, where --tls-cert does not hold it.]:value:_files' \
    '--client-ca[Take clients with a certificate of these alone (PEM).]:value:_files' \
    '--token-file[Take requests with a bearer token of these alone, one a line.]:value:_files' \
    '--rate-limit[Requests that each client may send, such as 50/s.]:value:_files' \
    '--cors[Let pages of this origin send from a browser; * for all.]:value:_files' \
    '--duration[Stop after this long, such as 10s.]:value:_files' \
    '--count[Stop after this many spans, log records, …]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_ottl() {
  local state line
  _arguments -C \
    {-h,--help}'[Show help.]' \
    '1: :->command' \
    '*:: :->rest'
  case $state in
  command)
    local -a commands=(
    'run:Run statements, or the OTTL of a configuration, on OTLP.'
    'eval:Evaluate an expression on every record and print its value, one a line.'
    'check:Check statement lists, processor configurations and whole Collector configurations.'
    'explain:Show a statement'\''s tree with types, the context it runs in and why, and what can fail.'
    'functions:List the editors and converters, or show one of them.'
    'fmt:Format the OTTL in statement files and YAML; comments and the rest of the YAML stay.'
    'repl:Try statements, conditions and values on records, one at a time.'
    'bench:Measure what each statement costs a record, its condition and its editor apart.'
    'lsp:Serve an editor over stdio\\: faults, completion, hover and formatting.'
    'test:Run unit tests\\: statements or a configuration, records, and what has to come of them.'
    'recipes:List recipes, or write one\\: a processor'\''s configuration that masks or drops something.'
    )
    _describe command commands ;;
  rest)
    case $line[1] in
    run) _otx_ottl_run ;;
    eval) _otx_ottl_eval ;;
    check) _otx_ottl_check ;;
    explain) _otx_ottl_explain ;;
    functions) _otx_ottl_functions ;;
    fmt) _otx_ottl_fmt ;;
    repl) _otx_ottl_repl ;;
    bench) _otx_ottl_bench ;;
    lsp) _otx_ottl_lsp ;;
    test) _otx_ottl_test ;;
    recipes) _otx_ottl_recipes ;;
    esac ;;
  esac
}

_otx_ottl_run() {
  _arguments -s \
    {-s,--statement}'[A statement; may be repeated.]:value:_files' \
    {-f,--file}'[Statements, or a configuration.]:value:_files' \
    '--in[OTLP to run on - protobuf, JSON, JSON lines; - is stdin.]:value:_files' \
    '--store[A store to run on instead.]:value:_files' \
    '--since[Of the store only what is later - RFC 3339, or -15m.]:value:_files' \
    '--context[Where it runs (inferred as the Collector does).]:value:_files' \
    '--error-mode[What a failure means (propagate with -s, else the file'\''s own).]:value:(propagate ignore silent)' \
    '--pipeline[The pipeline of a whole configuration that data enters; one a signal.]:value:_files' \
    '--trace[Tell what each statement does to each record.]' \
    '--format[Form of the output (diff on a terminal, else otlp-json; of --trace text).]:value:(diff otlp-json otlp jsonl table json)' \
    '--feature-gates[Feature gates to switch on or off.]:value:_files' \
    '--strict[Refuse what is otx'\''s own and in no Collector.]' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_ottl_eval() {
  _arguments -s \
    '--condition[It is a condition - print true or false.]' \
    '--exit-status[Exit 1 where no record gives true.]' \
    '--in[OTLP to run on - protobuf, JSON, JSON lines; - is stdin.]:value:_files' \
    '--store[A store to run on instead.]:value:_files' \
    '--since[Of the store only what is later - RFC 3339, or -15m.]:value:_files' \
    '--context[Where it runs (inferred as the Collector does).]:value:_files' \
    '--format[Form of the values; otlp - an AnyValue of OTLP/JSON each.]:value:(jsonl json otlp)' \
    '--feature-gates[Feature gates to switch on or off.]:value:_files' \
    '--strict[Refuse what is otx'\''s own and in no Collector.]' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_ottl_check() {
  _arguments -s \
    {-f,--file}'[What to check; may be repeated.]:value:_files' \
    '--format[Form of the findings.]:value:(text json)' \
    '--context[Where it runs (inferred as the Collector does).]:value:_files' \
    '--feature-gates[Feature gates to switch on or off.]:value:_files' \
    '--strict[Refuse what is otx'\''s own and in no Collector.]' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_ottl_explain() {
  _arguments -s \
    {-f,--file}'[Say in OTTL what a filter'\''s include and exclude drop.]:value:_files' \
    '--context[Where it runs (inferred as the Collector does).]:value:_files' \
    '--format[Form of the explanation.]:value:(text json)' \
    '--feature-gates[Feature gates to switch on or off.]:value:_files' \
    '--strict[Refuse what is otx'\''s own and in no Collector.]' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_ottl_functions() {
  _arguments -s \
    '--context[Where it runs (inferred as the Collector does).]:value:_files' \
    '--format[The form of the output.]:value:(table json jsonl csv)' \
    '--feature-gates[Feature gates to switch on or off.]:value:_files' \
    '--strict[Refuse what is otx'\''s own and in no Collector.]' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_ottl_fmt() {
  _arguments -s \
    '--check[Change nothing; exit 1 where something is not formatted.]' \
    '--diff[Change nothing; show what would, and exit 1 where it would.]' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_ottl_repl() {
  _arguments -s \
    '--in[OTLP to run on - protobuf, JSON, JSON lines; - is stdin.]:value:_files' \
    '--store[A store to run on instead.]:value:_files' \
    '--since[Of the store only what is later - RFC 3339, or -15m.]:value:_files' \
    '--context[Where it runs (inferred as the Collector does).]:value:_files' \
    '--feature-gates[Feature gates to switch on or off.]:value:_files' \
    '--strict[Refuse what is otx'\''s own and in no Collector.]' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_ottl_bench() {
  _arguments -s \
    {-s,--statement}'[A statement; may be repeated.]:value:_files' \
    {-f,--file}'[Statements, or a configuration.]:value:_files' \
    '--in[OTLP to run on - protobuf, JSON, JSON lines; - is stdin.]:value:_files' \
    '--store[A store to run on instead.]:value:_files' \
    '--since[Of the store only what is later - RFC 3339, or -15m.]:value:_files' \
    '--context[Where it runs (inferred as the Collector does).]:value:_files' \
    '--pipeline[The pipeline of a whole configuration that data enters; one a signal.]:value:_files' \
    '--seconds[How long to measure.]:value:_files' \
    '--format[Form of the figures.]:value:(table json)' \
    '--feature-gates[Feature gates to switch on or off.]:value:_files' \
    '--strict[Refuse what is otx'\''s own and in no Collector.]' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_ottl_lsp() {
  _arguments -s \
    '--feature-gates[Feature gates to switch on or off.]:value:_files' \
    '--strict[Refuse what is otx'\''s own and in no Collector.]' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_ottl_test() {
  _arguments -s \
    '--update[Make failing tests expect what came.]' \
    '--coverage[Tell which statements and conditions were reached.]' \
    '--watch[Run again whenever one of the files changes.]' \
    '--format[Form of the results.]:value:(text json junit)' \
    '--feature-gates[Feature gates to switch on or off.]:value:_files' \
    '--strict[Refuse what is otx'\''s own and in no Collector.]' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_ottl_recipes() {
  _arguments -s \
    '--tests[Write the recipe'\''s tests instead, for otx ottl test.]' \
    '--format[The form of the list.]:value:(table json jsonl csv)' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_send() {
  local state line
  _arguments -C \
    {-h,--help}'[Show help.]' \
    '1: :->command' \
    '*:: :->rest'
  case $state in
  command)
    local -a commands=(
    'traces:Send made-up traces\\: several services, some of which fail.'
    'metrics:Send made-up metrics of every kind; data points are counted.'
    'logs:Send made-up log records, with bodies of every type that a body may have.'
    'profiles:Send made-up profiles of CPU time; samples are counted.'
    'span:Run a command and send it as a span; returns what the command returns.'
    'replay:Send again what a file or a store holds, of all signals.'
    )
    _describe command commands ;;
  rest)
    case $line[1] in
    traces) _otx_send_traces ;;
    metrics) _otx_send_metrics ;;
    logs) _otx_send_logs ;;
    profiles) _otx_send_profiles ;;
    span) _otx_send_span ;;
    replay) _otx_send_replay ;;
    esac ;;
  esac
}

_otx_send_traces() {
  _arguments -s \
    '--endpoint[Where to (OTEL_EXPORTER_OTLP_ENDPOINT, else localhost).]:value:_files' \
    '--protocol[grpc for HOST -PORT and port 4317, else http/protobuf.]:value:(grpc http/protobuf http/json)' \
    '--header[Header, or gRPC metadata.]:value:_files' \
    '--compression[zstd over HTTP only.]:value:(none gzip zstd)' \
    '--timeout[For one request (10s).]:value:_files' \
    {--insecure,--secure}'[HOST -PORT in plain text, or with TLS; a URL says it itself.]' \
    '--ca[Certificates to trust (PEM).]:value:_files' \
    '--cert[This side'\''s certificate (PEM).]:value:_files' \
    '--key[Its key (PEM), where in another file.]:value:_files' \
    '--count[Records to send (100).]:value:_files' \
    '--rate[Records a second, such as 500/s.]:value:_files' \
    '--duration[Stop after this long, such as 10s.]:value:_files' \
    '--workers[Connections, each with one in flight.]:value:_files' \
    '--services[Different services.]:value:_files' \
    '--depth[Calls in a row, in traces and stacks.]:value:_files' \
    '--errors[Share of traces, log records or requests that fail.]:value:_files' \
    '--attr[Attribute of every record.]:value:_files' \
    '--resource[Attribute of every resource.]:value:_files' \
    '--seed[Make the same telemetry again.]:value:_files' \
    '--max-request[Largest request before compression.]:value:_files' \
    '--retry-for[How long a request is sent again that is to come again; 0s - never.]:value:_files' \
    '--probe[One request a signal and transport, and why one does not work.]' \
    '--format[Form of the summary.]:value:(text json)' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_send_metrics() {
  _arguments -s \
    '--endpoint[Where to (OTEL_EXPORTER_OTLP_ENDPOINT, else localhost).]:value:_files' \
    '--protocol[grpc for HOST -PORT and port 4317, else http/protobuf.]:value:(grpc http/protobuf http/json)' \
    '--header[Header, or gRPC metadata.]:value:_files' \
    '--compression[zstd over HTTP only.]:value:(none gzip zstd)' \
    '--timeout[For one request (10s).]:value:_files' \
    {--insecure,--secure}'[HOST -PORT in plain text, or with TLS; a URL says it itself.]' \
    '--ca[Certificates to trust (PEM).]:value:_files' \
    '--cert[This side'\''s certificate (PEM).]:value:_files' \
    '--key[Its key (PEM), where in another file.]:value:_files' \
    '--count[Records to send (100).]:value:_files' \
    '--rate[Records a second, such as 500/s.]:value:_files' \
    '--duration[Stop after this long, such as 10s.]:value:_files' \
    '--workers[Connections, each with one in flight.]:value:_files' \
    '--services[Different services.]:value:_files' \
    '--depth[Calls in a row, in traces and stacks.]:value:_files' \
    '--errors[Share of traces, log records or requests that fail.]:value:_files' \
    '--attr[Attribute of every record.]:value:_files' \
    '--resource[Attribute of every resource.]:value:_files' \
    '--seed[Make the same telemetry again.]:value:_files' \
    '--max-request[Largest request before compression.]:value:_files' \
    '--retry-for[How long a request is sent again that is to come again; 0s - never.]:value:_files' \
    '--probe[One request a signal and transport, and why one does not work.]' \
    '--format[Form of the summary.]:value:(text json)' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_send_logs() {
  _arguments -s \
    '--endpoint[Where to (OTEL_EXPORTER_OTLP_ENDPOINT, else localhost).]:value:_files' \
    '--protocol[grpc for HOST -PORT and port 4317, else http/protobuf.]:value:(grpc http/protobuf http/json)' \
    '--header[Header, or gRPC metadata.]:value:_files' \
    '--compression[zstd over HTTP only.]:value:(none gzip zstd)' \
    '--timeout[For one request (10s).]:value:_files' \
    {--insecure,--secure}'[HOST -PORT in plain text, or with TLS; a URL says it itself.]' \
    '--ca[Certificates to trust (PEM).]:value:_files' \
    '--cert[This side'\''s certificate (PEM).]:value:_files' \
    '--key[Its key (PEM), where in another file.]:value:_files' \
    '--count[Records to send (100).]:value:_files' \
    '--rate[Records a second, such as 500/s.]:value:_files' \
    '--duration[Stop after this long, such as 10s.]:value:_files' \
    '--workers[Connections, each with one in flight.]:value:_files' \
    '--services[Different services.]:value:_files' \
    '--depth[Calls in a row, in traces and stacks.]:value:_files' \
    '--errors[Share of traces, log records or requests that fail.]:value:_files' \
    '--attr[Attribute of every record.]:value:_files' \
    '--resource[Attribute of every resource.]:value:_files' \
    '--seed[Make the same telemetry again.]:value:_files' \
    '--max-request[Largest request before compression.]:value:_files' \
    '--retry-for[How long a request is sent again that is to come again; 0s - never.]:value:_files' \
    '--probe[One request a signal and transport, and why one does not work.]' \
    '--format[Form of the summary.]:value:(text json)' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_send_profiles() {
  _arguments -s \
    '--endpoint[Where to (OTEL_EXPORTER_OTLP_ENDPOINT, else localhost).]:value:_files' \
    '--protocol[grpc for HOST -PORT and port 4317, else http/protobuf.]:value:(grpc http/protobuf http/json)' \
    '--header[Header, or gRPC metadata.]:value:_files' \
    '--compression[zstd over HTTP only.]:value:(none gzip zstd)' \
    '--timeout[For one request (10s).]:value:_files' \
    {--insecure,--secure}'[HOST -PORT in plain text, or with TLS; a URL says it itself.]' \
    '--ca[Certificates to trust (PEM).]:value:_files' \
    '--cert[This side'\''s certificate (PEM).]:value:_files' \
    '--key[Its key (PEM), where in another file.]:value:_files' \
    '--count[Records to send (100).]:value:_files' \
    '--rate[Records a second, such as 500/s.]:value:_files' \
    '--duration[Stop after this long, such as 10s.]:value:_files' \
    '--workers[Connections, each with one in flight.]:value:_files' \
    '--services[Different services.]:value:_files' \
    '--depth[Calls in a row, in traces and stacks.]:value:_files' \
    '--errors[Share of traces, log records or requests that fail.]:value:_files' \
    '--attr[Attribute of every record.]:value:_files' \
    '--resource[Attribute of every resource.]:value:_files' \
    '--seed[Make the same telemetry again.]:value:_files' \
    '--max-request[Largest request before compression.]:value:_files' \
    '--retry-for[How long a request is sent again that is to come again; 0s - never.]:value:_files' \
    '--probe[One request a signal and transport, and why one does not work.]' \
    '--format[Form of the summary.]:value:(text json)' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_send_span() {
  _arguments -s \
    '--name[The span'\''s (the program'\''s).]:value:_files' \
    '--kind[The span'\''s kind.]:value:(internal server client producer consumer)' \
    '--attr[Attribute of every record.]:value:_files' \
    '--resource[Attribute of every resource.]:value:_files' \
    {--args,--no-args}'[Keep the arguments - they may be secret.]' \
    '--endpoint[Where to (OTEL_EXPORTER_OTLP_ENDPOINT, else localhost).]:value:_files' \
    '--protocol[grpc for HOST -PORT and port 4317, else http/protobuf.]:value:(grpc http/protobuf http/json)' \
    '--header[Header, or gRPC metadata.]:value:_files' \
    '--compression[zstd over HTTP only.]:value:(none gzip zstd)' \
    '--timeout[For one request (10s).]:value:_files' \
    {--insecure,--secure}'[HOST -PORT in plain text, or with TLS; a URL says it itself.]' \
    '--ca[Certificates to trust (PEM).]:value:_files' \
    '--cert[This side'\''s certificate (PEM).]:value:_files' \
    '--key[Its key (PEM), where in another file.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_send_replay() {
  _arguments -s \
    '--speed[Times as fast as recorded (as fast as it goes).]:value:_files' \
    '--retime[Move all times so that it happens now.]' \
    '--rewrite-ids[New ids, with all relations as they were.]' \
    '--max-request[Larger requests are cut into several.]:value:_files' \
    '--retry-for[How long a request is sent again that is to come again; 0s - never.]:value:_files' \
    '--format[Form of the summary.]:value:(text json)' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    '--endpoint[Where to (OTEL_EXPORTER_OTLP_ENDPOINT, else localhost).]:value:_files' \
    '--protocol[grpc for HOST -PORT and port 4317, else http/protobuf.]:value:(grpc http/protobuf http/json)' \
    '--header[Header, or gRPC metadata.]:value:_files' \
    '--compression[zstd over HTTP only.]:value:(none gzip zstd)' \
    '--timeout[For one request (10s).]:value:_files' \
    {--insecure,--secure}'[HOST -PORT in plain text, or with TLS; a URL says it itself.]' \
    '--ca[Certificates to trust (PEM).]:value:_files' \
    '--cert[This side'\''s certificate (PEM).]:value:_files' \
    '--key[Its key (PEM), where in another file.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_trace() {
  local state line
  _arguments -C \
    {-h,--help}'[Show help.]' \
    '1: :->command' \
    '*:: :->rest'
  case $state in
  command)
    local -a commands=(
    'list:List traces, newest first, of which one span matches all that is asked.'
    'show:Show one trace as a tree beside its waterfall.'
    'explain:Tell why a request was slow or failed, what is missing, and how far that can be trusted.'
    'order:Tell which of two spans came first, and how one knows.'
    'diff:Compare two traces\\: what one has and the other has not, and where the time went.'
    'missing:Tell which parents and servers are missing, and which reasons the spans around them give.'
    'skew:Tell how far clocks are apart, by the calls between them, worst first.'
    'paths:Add up the critical paths of an operation'\''s calls, and tell in which order siblings run.'
    'map:Tell which service calls which, how often, how long it takes and how often it fails.'
    )
    _describe command commands ;;
  rest)
    case $line[1] in
    list) _otx_trace_list ;;
    show) _otx_trace_show ;;
    explain) _otx_trace_explain ;;
    order) _otx_trace_order ;;
    diff) _otx_trace_diff ;;
    missing) _otx_trace_missing ;;
    skew) _otx_trace_skew ;;
    paths) _otx_trace_paths ;;
    map) _otx_trace_map ;;
    esac ;;
  esac
}

_otx_trace_list() {
  _arguments -s \
    '--service[Only with a span of this service.]:value:_files' \
    '--min-duration[Only with a span this long or longer.]:value:_files' \
    '--errors[Only with a span that failed.]' \
    '--attr[Only with this attribute, as K=V.]:value:_files' \
    '--since[Only later than this time, or -15m.]:value:_files' \
    '--limit[How many at most.]:value:_files' \
    '--format[The form of the output.]:value:(table json jsonl)' \
    '--store[The store to read.]:value:_files' \
    '--in[OTLP to read instead of a store; - is stdin.]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_trace_show() {
  _arguments -s \
    '--format[The form of the output.]:value:(text json)' \
    '--profile[With what the code of each span did, from samples.]' \
    '--raw[Every span with all it carries, as JSON lines.]' \
    '--store[The store to read.]:value:_files' \
    '--in[OTLP to read instead of a store; - is stdin.]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_trace_explain() {
  _arguments -s \
    '--why[Below each statement its rule and its spans.]' \
    '--format[The form of the output.]:value:(text json)' \
    '--store[The store to read.]:value:_files' \
    '--in[OTLP to read instead of a store; - is stdin.]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_trace_order() {
  _arguments -s \
    '--trace[The trace they are in.]:value:_files' \
    '--format[The form of the output.]:value:(text json)' \
    '--store[The store to read.]:value:_files' \
    '--in[OTLP to read instead of a store; - is stdin.]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_trace_diff() {
  _arguments -s \
    '--format[The form of the output.]:value:(text json)' \
    '--store[The store to read.]:value:_files' \
    '--in[OTLP to read instead of a store; - is stdin.]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_trace_missing() {
  _arguments -s \
    '--limit[How many traces at most.]:value:_files' \
    '--format[The form of the output.]:value:(text json)' \
    '--store[The store to read.]:value:_files' \
    '--in[OTLP to read instead of a store; - is stdin.]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_trace_skew() {
  _arguments -s \
    '--hosts[Only between clocks of hosts that are named.]' \
    '--since[Only what was received later, or -15m.]:value:_files' \
    '--window[How long a stretch of time is taken together.]:value:_files' \
    '--format[The form of the output.]:value:(text json)' \
    '--store[The store to read.]:value:_files' \
    '--in[OTLP to read instead of a store; - is stdin.]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_trace_paths() {
  _arguments -s \
    '--service[Whose operation.]:value:_files' \
    '--operation[The name of its spans.]:value:_files' \
    '--since[Only later than this time, or -15m.]:value:_files' \
    '--limit[How many calls at most.]:value:_files' \
    '--format[The form of the output.]:value:(text json)' \
    '--store[The store to read.]:value:_files' \
    '--in[OTLP to read instead of a store; - is stdin.]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_trace_map() {
  _arguments -s \
    '--since[Only later than this time, or -15m.]:value:_files' \
    '--format[The form of the output.]:value:(text json)' \
    '--store[The store to read.]:value:_files' \
    '--in[OTLP to read instead of a store; - is stdin.]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_trace_context() {
  local state line
  _arguments -C \
    {-h,--help}'[Show help.]' \
    '1: :->command' \
    '*:: :->rest'
  case $state in
  command)
    local -a commands=(
    'decode:Say what headers of trace context mean, or where one is broken and by which rule.'
    'encode:Write the headers of a trace context in any format.'
    'convert:Write the context of headers in another format, and say what is lost on the way.'
    'check:Send a service valid and broken headers, and judge what it sends on.'
    )
    _describe command commands ;;
  rest)
    case $line[1] in
    decode) _otx_trace_context_decode ;;
    encode) _otx_trace_context_encode ;;
    convert) _otx_trace_context_convert ;;
    check) _otx_trace_context_check ;;
    esac ;;
  esac
}

_otx_trace_context_decode() {
  _arguments -s \
    '--each[Every line, or block between empty lines, by itself; JSON lines out.]' \
    '--strict-level[The level of W3C Trace Context to hold headers to.]:value:_files' \
    '--format[The form of the output; text, or JSON lines with --each.]:value:(text json)' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_trace_context_encode() {
  _arguments -s \
    '--trace-id[A random one if left out.]:value:_files' \
    '--parent-id[A random one if left out.]:value:_files' \
    {--sampled,--not-sampled}'[Set the sampled flag.]' \
    {--random,--not-random}'[Set the random flag; set for an id made here.]' \
    '--state[A member of tracestate; may be repeated.]:value:_files' \
    '--baggage[A member of baggage; may be repeated.]:value:_files' \
    '--to[The format to write; all - every one.]:value:(w3c b3-single b3-multi jaeger datadog xray gcp ot-trace grpc-trace-bin env server-timing traceresponse all)' \
    '--format[The form of the output.]:value:(text json)' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_trace_context_convert() {
  _arguments -s \
    '--to[The format to write; all - every one.]:value:(w3c b3-single b3-multi jaeger datadog xray gcp ot-trace grpc-trace-bin env server-timing traceresponse all)' \
    '--strict-level[The level of W3C Trace Context to hold headers to.]:value:_files' \
    '--format[The form of the output.]:value:(text json)' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_trace_context_check() {
  _arguments -s \
    '--echo[Be a conforming service there, and answer other requests with what they carry.]:value:_files' \
    '--strict-level[The level of W3C Trace Context to hold headers to.]:value:_files' \
    '--mode[What to judge - calls that the service makes, or responses.]:value:(auto callback response)' \
    '--timeout[How long one case may take.]:value:_files' \
    '--listen[Where to be called back; any free port if left out.]:value:_files' \
    '--callback[The listener as the service reaches it, from a container.]:value:_files' \
    '--format[The form of the output.]:value:(text json)' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_agent() {
  local state line
  _arguments -C \
    {-h,--help}'[Show help.]' \
    '1: :->command' \
    '*:: :->rest'
  case $state in
  command)
    local -a commands=(
    'run:Run the agent in the foreground, until Ctrl-C or TERM.'
    'start:Start the agent in the background, unless it runs.'
    'stop:End the agent and what it supervises, and wait for it. The server is told.'
    'status:Show what the agent does\\: its server, its configuration, its process. 1 if none runs.'
    'reload:Have the running agent read its local file again, and open its log anew.'
    'logs:Show what the agent in the background and its process have written.'
    'unit:Print a systemd unit that runs the agent with these options; nothing is written.'
    )
    _describe command commands ;;
  rest)
    case $line[1] in
    run) _otx_agent_run ;;
    start) _otx_agent_start ;;
    stop) _otx_agent_stop ;;
    status) _otx_agent_status ;;
    reload) _otx_agent_reload ;;
    logs) _otx_agent_logs ;;
    unit) _otx_agent_unit ;;
    esac ;;
  esac
}

_otx_agent_run() {
  _arguments -s \
    '--server[ws, wss, http or https; again for one to turn to when it is away.]:value:_files' \
    '--config[Local configuration, under the server'\''s.]:value:_files' \
    '--state[Where state is kept (the state directory).]:value:_files' \
    '--header[Sent to the server, such as Authorization=Bearer …]:value:_files' \
    '--header-file[Headers, a line each - NAME - VALUE.]:value:_files' \
    '--allow-remote-config[Let the server send configurations.]' \
    '--trust[Take only configurations signed with this ed25519 key (file).]:value:_files' \
    '--no-connection-settings[Take no other settings from the server.]' \
    '--log[Where to write to (stderr), with rotation.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_agent_start() {
  _arguments -s \
    '--server[ws, wss, http or https; again for one to turn to when it is away.]:value:_files' \
    '--config[Local configuration, under the server'\''s.]:value:_files' \
    '--state[Where state is kept (the state directory).]:value:_files' \
    '--header[Sent to the server, such as Authorization=Bearer …]:value:_files' \
    '--header-file[Headers, a line each - NAME - VALUE.]:value:_files' \
    '--allow-remote-config[Let the server send configurations.]' \
    '--trust[Take only configurations signed with this ed25519 key (file).]:value:_files' \
    '--no-connection-settings[Take no other settings from the server.]' \
    '--log[Where to write to (stderr), with rotation.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_agent_stop() {
  _arguments -s \
    '--state[Where state is kept (the state directory).]:value:_files' \
    '--timeout[How long to wait for its end.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_agent_status() {
  _arguments -s \
    '--state[Where state is kept (the state directory).]:value:_files' \
    '--format[How it is written.]:value:(text json)' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_agent_reload() {
  _arguments -s \
    '--state[Where state is kept (the state directory).]:value:_files' \
    {--wait,--no-wait}'[Wait for what becomes of it.]' \
    '--timeout[How long to wait.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_agent_logs() {
  _arguments -s \
    '--state[Where state is kept (the state directory).]:value:_files' \
    {-f,--follow}'[Go on with what comes.]' \
    {-n,--lines}'[How many of the last.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_agent_unit() {
  _arguments -s \
    '--server[ws, wss, http or https; again for one to turn to when it is away.]:value:_files' \
    '--config[Local configuration, under the server'\''s.]:value:_files' \
    '--state[Where state is kept (the state directory).]:value:_files' \
    '--header[Sent to the server, such as Authorization=Bearer …]:value:_files' \
    '--header-file[Headers, a line each - NAME - VALUE.]:value:_files' \
    '--allow-remote-config[Let the server send configurations.]' \
    '--trust[Take only configurations signed with this ed25519 key (file).]:value:_files' \
    '--no-connection-settings[Take no other settings from the server.]' \
    '--log[Where to write to (stderr), with rotation.]:value:_files' \
    '--user[Who runs it (a user of its own).]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_opamp() {
  local state line
  _arguments -C \
    {-h,--help}'[Show help.]' \
    '1: :->command' \
    '*:: :->rest'
  case $state in
  command)
    local -a commands=(
    'serve:Serve OpAMP over WebSocket and HTTP, with a JSON API, on one port.'
    'agents:List the agents of a server\\: who, connected or not, health, configuration.'
    'push:Give agents a configuration; wait until they say APPLIED or FAILED.'
    'key:Make a key to sign configurations with; print its public half for `otx agent run --trust`.'
    'sign:Sign a configuration where the private key is, for `otx opamp push` anywhere else.'
    'rollback:Take a push back\\: its agents are assigned again what held before it.'
    'restart:Order agents to restart; those that do not accept it are named.'
    'forget:Forget agents that are gone, and what they refused; those that are there stay.'
    'audit:Show the audit log of a server, the newest lines last.'
    'conform:Test a server or an agent against every rule of OpAMP that shows from outside.'
    'tap:Stand between agents and a server\\: pass on, tell each message, name broken rules.'
    'replay:Tell a record again, or play one side of it and say where the other one differs.'
    )
    _describe command commands ;;
  rest)
    case $line[1] in
    serve) _otx_opamp_serve ;;
    agents) _otx_opamp_agents ;;
    push) _otx_opamp_push ;;
    key) _otx_opamp_key ;;
    sign) _otx_opamp_sign ;;
    rollback) _otx_opamp_rollback ;;
    restart) _otx_opamp_restart ;;
    forget) _otx_opamp_forget ;;
    audit) _otx_opamp_audit ;;
    conform) _otx_opamp_conform ;;
    tap) _otx_opamp_tap ;;
    replay) _otx_opamp_replay ;;
    esac ;;
  esac
}

_otx_opamp_serve() {
  _arguments -s \
    '--listen[HOST -PORT; port 0 picks a free one.]:value:_files' \
    '--path[Where OpAMP is.]:value:_files' \
    '--db[Where the fleet is kept (state directory).]:value:_files' \
    '--token-file[Who may speak - lines `TOKEN` or `ROLE NAME TOKEN`.]:value:_files' \
    '--tls-cert[PEM certificate of this server.]:value:_files' \
    '--tls-key[PEM key of it.]:value:_files' \
    '--client-ca[PEM of the CA that agents'\'' certificates are from.]:value:_files' \
    '--ca-cert[PEM of the CA that signs the certificates agents ask for.]:value:_files' \
    '--ca-key[PEM key of that CA.]:value:_files' \
    '--heartbeat[The heartbeat or polling interval agents are offered.]:value:_files' \
    '--max-message[Largest message, also after decompression.]:value:_files' \
    '--max-agents[Connections at a time (as the machine allows).]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_opamp_agents() {
  _arguments -s \
    {-l,--selector}'[Agents with these labels; repeatable.]:value:_files' \
    {-L,--label}'[Show this label, too; repeatable.]:value:_files' \
    '--wide[All columns in full, however narrow the terminal is.]' \
    '--why[Say why this agent is not updating, and what to do.]:value:_files' \
    '--format[The form of the output.]:value:(table json jsonl)' \
    '--server[The server (http -//127.0.0.1 -4320).]:value:_files' \
    '--db[Read the fleet from its database.]:value:_files' \
    '--token-file[The token to speak to the server with.]:value:_files' \
    '--ca[The CA of the server'\''s certificate.]:value:_files' \
    '--cert[PEM of this side'\''s certificate and its key.]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_opamp_push() {
  _arguments -s \
    {-l,--selector}'[Agents with these labels; repeatable.]:value:_files' \
    '--all[Every agent.]' \
    '--canary[First so many agents, then the rest - 1, 10%, 1,25%.]:value:_files' \
    '--observe[How long it must run well, in stages and at the end.]:value:_files' \
    '--patience[How long a stage may take to answer.]:value:_files' \
    '--sign[Sign it with this private key (`otx opamp key`); repeatable.]:value:_files' \
    '--key[The name of a single file'\''s object (none).]:value:_files' \
    '--content-type[Its type (from the file'\''s ending).]:value:_files' \
    '--name[What it is called (the file'\''s name).]:value:_files' \
    '--why[The reason, for the audit log.]:value:_files' \
    '--retry[Have agents try again what they refused.]' \
    '--settings[Offer connection settings instead - opamp, own_metrics, … (YAML or JSON).]:value:_files' \
    {--yes,-y}'[Do not ask.]' \
    '--dry[Say what would be done, no more.]' \
    '--wait[Wait until agents say APPLIED, or have observed it to the end as well.]:value:(applied proven)' \
    '--no-wait[Begin it, no more.]' \
    '--timeout[How long to wait for answers; stages and observation take their own.]:value:_files' \
    '--follow[Wait for push N, which was begun before.]:value:_files' \
    '--resume[Let push N go on after it stopped.]:value:_files' \
    '--pause[Have push N stay in its stage.]:value:_files' \
    '--list[Show all pushes.]' \
    '--wide[With --list - all columns in full, however narrow it is.]' \
    '--format[The form of the output.]:value:(text json)' \
    '--server[The server (http -//127.0.0.1 -4320).]:value:_files' \
    '--token-file[The token to speak to the server with.]:value:_files' \
    '--ca[The CA of the server'\''s certificate.]:value:_files' \
    '--cert[PEM of this side'\''s certificate and its key.]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_opamp_key() {
  _arguments -s \
    {-o,--out}'[Where the private key goes (opamp-signing.key in the state directory).]:value:_files' \
    '--public[Print the public half of this private key, no more.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_opamp_sign() {
  _arguments -s \
    '--key[The private key (`otx opamp key`); repeatable.]:value:_files' \
    '--content-type[Its type (from the file'\''s ending).]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_opamp_rollback() {
  _arguments -s \
    {-l,--selector}'[Agents with these labels; repeatable.]:value:_files' \
    '--why[The reason, for the audit log.]:value:_files' \
    {--yes,-y}'[Do not ask.]' \
    '--format[The form of the output.]:value:(text json)' \
    '--server[The server (http -//127.0.0.1 -4320).]:value:_files' \
    '--token-file[The token to speak to the server with.]:value:_files' \
    '--ca[The CA of the server'\''s certificate.]:value:_files' \
    '--cert[PEM of this side'\''s certificate and its key.]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_opamp_restart() {
  _arguments -s \
    {-l,--selector}'[Agents with these labels; repeatable.]:value:_files' \
    '--all[Every agent.]' \
    {--yes,-y}'[Do not ask.]' \
    '--format[The form of the output.]:value:(text json)' \
    '--server[The server (http -//127.0.0.1 -4320).]:value:_files' \
    '--token-file[The token to speak to the server with.]:value:_files' \
    '--ca[The CA of the server'\''s certificate.]:value:_files' \
    '--cert[PEM of this side'\''s certificate and its key.]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_opamp_forget() {
  _arguments -s \
    {-l,--selector}'[Agents with these labels; repeatable.]:value:_files' \
    '--all[Every agent.]' \
    '--why[The reason, for the audit log.]:value:_files' \
    {--yes,-y}'[Do not ask.]' \
    '--format[The form of the output.]:value:(text json)' \
    '--server[The server (http -//127.0.0.1 -4320).]:value:_files' \
    '--token-file[The token to speak to the server with.]:value:_files' \
    '--ca[The CA of the server'\''s certificate.]:value:_files' \
    '--cert[PEM of this side'\''s certificate and its key.]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_opamp_audit() {
  _arguments -s \
    '--since[Only later than this time, or -15m.]:value:_files' \
    '--whom[Only what was done to this agent or selector.]:value:_files' \
    '--limit[How many at most.]:value:_files' \
    '--wide[All columns in full, however narrow the terminal is.]' \
    '--format[The form of the output.]:value:(table json jsonl csv)' \
    '--server[The server (http -//127.0.0.1 -4320).]:value:_files' \
    '--db[Read the fleet from its database.]:value:_files' \
    '--token-file[The token to speak to the server with.]:value:_files' \
    '--ca[The CA of the server'\''s certificate.]:value:_files' \
    '--cert[PEM of this side'\''s certificate and its key.]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_opamp_conform() {
  _arguments -s \
    '--server[Test the server there.]:value:_files' \
    '--agent[Test an agent.]' \
    '--listen[Where the agent finds this side; port 0 is any.]:value:_files' \
    '--transport[Over which transports.]:value:(ws http both)' \
    '--format[Form of the results.]:value:(text json junit)' \
    '--only[These rules alone; 40-49 is a range.]:value:_files' \
    '--skip[Not these rules.]:value:_files' \
    {--strict,--no-strict}'[A SHOULD that fails counts like a MUST.]' \
    '--list[Show the rules and end.]' \
    '--timeout[How long an answer may take.]:value:_files' \
    '--longest[Leave out rules that take longer to see.]:value:_files' \
    '--limit[The peer'\''s limit for a message.]:value:_files' \
    '--header[Sent to the server; repeatable.]:value:_files' \
    '--ca[The CA of the server'\''s certificate.]:value:_files' \
    '--assign[Assigns a configuration in the server - {file}, {name}, {uid} are filled in.]:value:_files' \
    '--operator-token-file[For the JSON API of otx'\''s own server.]:value:_files' \
    '--config[A configuration the agent can run; two of them test more.]:value:_files' \
    '--failing-config[One that parses and that the agent cannot start with.]:value:_files' \
    '--crashing-config[One that starts and dies after some seconds.]:value:_files' \
    '--sicken[Makes the agent'\''s health change.]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_opamp_tap() {
  _arguments -s \
    '--to[The server - ws, wss, http or https -//HOST( -PORT).]:value:_files' \
    '--listen[HOST -PORT for agents; port 0 picks a free one.]:value:_files' \
    '--record[Keep everything, for otx opamp replay.]:value:_files' \
    '--fault[What to break - drop=3,delay=200ms,server -dup@10%,reorder,half-open,503; docs/opamp-tap.md has all.]:value:_files' \
    '--seed[Of faults by chance.]:value:_files' \
    '--format[The form of the output.]:value:(text json jsonl)' \
    '--show-secrets[Show bodies, keys and headers as they are.]' \
    '--ca[The CA of the server'\''s certificate.]:value:_files' \
    '--cert[Client certificate for the server.]:value:_files' \
    '--key[PEM key of it.]:value:_files' \
    '--insecure[Take any certificate of the server.]' \
    '--tls-cert[PEM certificate shown to agents.]:value:_files' \
    '--tls-key[PEM key of it.]:value:_files' \
    '--client-ca[PEM of the CA that agents'\'' certificates are from.]:value:_files' \
    '--max-message[Larger messages pass, and are not decoded.]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_opamp_replay() {
  _arguments -s \
    '--to[Play the agents to this server.]:value:_files' \
    '--listen[Play the server to the agent that comes here.]:value:_files' \
    '--header[A header to the server, such as a token; repeatable.]:value:_files' \
    '--keep-uids[The recorded uids instead of new ones.]' \
    '--timeout[How long a recorded message is waited for.]:value:_files' \
    '--shrink[Write the smallest record that differs as this one.]:value:_files' \
    '--format[The form of the output.]:value:(text json jsonl)' \
    '--show-secrets[Show bodies, keys and headers as they are.]' \
    '--ca[The CA of the server'\''s certificate.]:value:_files' \
    '--insecure[Take any certificate of the server.]' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_query() {
  _arguments -s \
    '--format[The form; else from the ending of -o, else table.]:value:(table json jsonl csv parquet)' \
    '--since[Nothing before this time - RFC 3339, or -15m.]:value:_files' \
    '--until[Only what is before this time.]:value:_files' \
    '--store[The store to read.]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_store() {
  local state line
  _arguments -C \
    {-h,--help}'[Show help.]' \
    '1: :->command' \
    '*:: :->rest'
  case $state in
  command)
    local -a commands=(
    'info:Say what a store holds, from when, what waits, and what was lost on the way.'
    'verify:Read everything in a store and name what is damaged; exit code 1 where something is.'
    'compact:Set damage aside, convert what waits, merge and index; say what that came to.'
    'export:Write what a store holds\\: OTLP/JSON lines, or one table as Parquet.'
    'import:Bring OTLP files, or tables that were exported, into a store, each as a whole and once.'
    )
    _describe command commands ;;
  rest)
    case $line[1] in
    info) _otx_store_info ;;
    verify) _otx_store_verify ;;
    compact) _otx_store_compact ;;
    export) _otx_store_export ;;
    import) _otx_store_import ;;
    esac ;;
  esac
}

_otx_store_info() {
  _arguments -s \
    '--format[The form of the output.]:value:(text json)' \
    '--store[The store to look at.]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_store_verify() {
  _arguments -s \
    '--format[The form of the output.]:value:(table json jsonl)' \
    '--store[The store to look at.]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_store_compact() {
  _arguments -s \
    '--format[The form of the output.]:value:(table json jsonl)' \
    '--store[The store to look at.]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_store_export() {
  _arguments -s \
    '--format[The form; else from the ending of -o, else jsonl.]:value:(parquet jsonl)' \
    '--signal[Only this signal; may be repeated.]:value:(traces metrics logs profiles)' \
    '--since[Nothing before this time - RFC 3339, or -15m.]:value:_files' \
    '--until[Only what is before this time.]:value:_files' \
    '--store[The store to look at.]:value:_files' \
    {-o,--out}'[Where to write; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_store_import() {
  _arguments -s \
    '--store[The store to look at.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_tui() {
  _arguments -s \
    '--store[The store to look at and to keep in.]:value:_files' \
    '--pid[A program to sample; may be given several times.]:value:_files' \
    '--grpc[Where to take gRPC (127.0.0.1 -4317).]:value:_files' \
    '--http[Where to take HTTP (127.0.0.1 -4318).]:value:_files' \
    '--no-receive[Look only; start no receiver.]' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_config() {
  local state line
  _arguments -C \
    {-h,--help}'[Show help.]' \
    '1: :->command' \
    '*:: :->rest'
  case $state in
  command)
    local -a commands=(
    'show:Print every setting with its value, less its secrets, and what set it.'
    'path:Print the configuration files that are looked for, strongest first.'
    'validate:Check files and variables; exit 1 when a key, a variable or a value cannot be meant.'
    'schema:Print the JSON Schema of a configuration file, for editors.'
    )
    _describe command commands ;;
  rest)
    case $line[1] in
    show) _otx_config_show ;;
    path) _otx_config_path ;;
    validate) _otx_config_validate ;;
    schema) _otx_config_schema ;;
    esac ;;
  esac
}

_otx_config_show() {
  _arguments -s \
    '--format[The form of the output.]:value:(table json jsonl csv)' \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_config_path() {
  _arguments -s \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_config_validate() {
  _arguments -s \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_config_schema() {
  _arguments -s \
    {-h,--help}'[Show help.]' \
    '*: :_files'
}

_otx_completion() {
  _arguments -s \
    {-o,--out}'[Where to write it; - is stdout.]:value:_files' \
    {-h,--help}'[Show help.]' \
    '1: :(bash zsh fish)'
}

if [ "$funcstack[1]" = "_otx" ]; then _otx "$@"; else compdef _otx otx; fi
