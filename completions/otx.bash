# bash completion for otx; made by `otx completion bash`.
_otx() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local path='' word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "${path:+$path }$word" in
    "demo"|"doctor"|"profile"|"receive"|"ottl"|"ottl run"|"ottl eval"|"ottl check"|"ottl explain"|"ottl functions"|"ottl fmt"|"ottl repl"|"ottl bench"|"ottl lsp"|"ottl test"|"ottl recipes"|"send"|"send traces"|"send metrics"|"send logs"|"send profiles"|"send span"|"send replay"|"trace"|"trace list"|"trace show"|"trace explain"|"trace order"|"trace diff"|"trace missing"|"trace skew"|"trace paths"|"trace map"|"trace-context"|"trace-context decode"|"trace-context encode"|"trace-context convert"|"trace-context check"|"agent"|"agent run"|"agent start"|"agent stop"|"agent status"|"agent reload"|"agent logs"|"agent unit"|"opamp"|"opamp serve"|"opamp agents"|"opamp push"|"opamp key"|"opamp sign"|"opamp rollback"|"opamp restart"|"opamp forget"|"opamp audit"|"opamp conform"|"opamp tap"|"opamp replay"|"query"|"store"|"store info"|"store verify"|"tui"|"config"|"config show"|"config path"|"config validate"|"config schema"|"completion") path="${path:+$path }$word" ;;
    esac
  done
  local words=''
  _otx_words "$path:$previous"
  [ -n "$words" ] || _otx_words "$path"
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
_otx_words() {
  case "$1" in
    "") words="demo doctor profile receive ottl send trace trace-context agent opamp query store tui config completion --color --log-level --version -h --help" ;;
    ":--color") words="auto always never" ;;
    ":--log-level") words="debug info warning error" ;;
    "demo") words="--headless --duration --incident --keep -h --help" ;;
    "doctor") words="--format --store --bundle -o --out -h --help" ;;
    "doctor:--format") words="table json jsonl csv" ;;
    "profile") words="--pid --children --no-children -F --frequency -d --duration --format -o --out --kernel --no-kernel --threads --lines --runtime -h --help" ;;
    "profile:--format") words="text folded json" ;;
    "profile:--runtime") words="auto none" ;;
    "receive") words="--grpc --http --store --print --tee --transform --feature-gates --strict --pipeline --max-request --fsync --retain --tls-cert --tls-key --client-ca --token-file --rate-limit --cors --duration --count -h --help" ;;
    "receive:--print") words="none summary full jsonl" ;;
    "receive:--fsync") words="always interval" ;;
    "ottl") words="run eval check explain functions fmt repl bench lsp test recipes -h --help" ;;
    "ottl run") words="-s --statement -f --file --in --store --since --context --error-mode --pipeline --trace --format --feature-gates --strict -o --out -h --help" ;;
    "ottl run:--error-mode") words="propagate ignore silent" ;;
    "ottl run:--format") words="diff otlp-json otlp jsonl table json" ;;
    "ottl eval") words="--condition --exit-status --in --store --since --context --format --feature-gates --strict -o --out -h --help" ;;
    "ottl eval:--format") words="jsonl json otlp" ;;
    "ottl check") words="-f --file --format --context --feature-gates --strict -o --out -h --help" ;;
    "ottl check:--format") words="text json" ;;
    "ottl explain") words="-f --file --context --format --feature-gates --strict -h --help" ;;
    "ottl explain:--format") words="text json" ;;
    "ottl functions") words="--context --format --feature-gates --strict -h --help" ;;
    "ottl functions:--format") words="table json jsonl csv" ;;
    "ottl fmt") words="--check --diff -h --help" ;;
    "ottl repl") words="--in --store --since --context --feature-gates --strict -h --help" ;;
    "ottl bench") words="-s --statement -f --file --in --store --since --context --pipeline --seconds --format --feature-gates --strict -o --out -h --help" ;;
    "ottl bench:--format") words="table json" ;;
    "ottl lsp") words="--feature-gates --strict -h --help" ;;
    "ottl test") words="--update --coverage --watch --format --feature-gates --strict -o --out -h --help" ;;
    "ottl test:--format") words="text json junit" ;;
    "ottl recipes") words="--tests --format -o --out -h --help" ;;
    "ottl recipes:--format") words="table json jsonl csv" ;;
    "send") words="traces metrics logs profiles span replay -h --help" ;;
    "send traces") words="--endpoint --protocol --header --compression --timeout --insecure --secure --ca --cert --key --count --rate --duration --workers --services --depth --errors --attr --resource --seed --max-request --probe --format -o --out -h --help" ;;
    "send traces:--protocol") words="grpc http/protobuf http/json" ;;
    "send traces:--compression") words="none gzip zstd" ;;
    "send traces:--format") words="text json" ;;
    "send metrics") words="--endpoint --protocol --header --compression --timeout --insecure --secure --ca --cert --key --count --rate --duration --workers --services --depth --errors --attr --resource --seed --max-request --probe --format -o --out -h --help" ;;
    "send metrics:--protocol") words="grpc http/protobuf http/json" ;;
    "send metrics:--compression") words="none gzip zstd" ;;
    "send metrics:--format") words="text json" ;;
    "send logs") words="--endpoint --protocol --header --compression --timeout --insecure --secure --ca --cert --key --count --rate --duration --workers --services --depth --errors --attr --resource --seed --max-request --probe --format -o --out -h --help" ;;
    "send logs:--protocol") words="grpc http/protobuf http/json" ;;
    "send logs:--compression") words="none gzip zstd" ;;
    "send logs:--format") words="text json" ;;
    "send profiles") words="--endpoint --protocol --header --compression --timeout --insecure --secure --ca --cert --key --count --rate --duration --workers --services --depth --errors --attr --resource --seed --max-request --probe --format -o --out -h --help" ;;
    "send profiles:--protocol") words="grpc http/protobuf http/json" ;;
    "send profiles:--compression") words="none gzip zstd" ;;
    "send profiles:--format") words="text json" ;;
    "send span") words="--name --kind --attr --resource --args --no-args --endpoint --protocol --header --compression --timeout --insecure --secure --ca --cert --key -h --help" ;;
    "send span:--kind") words="internal server client producer consumer" ;;
    "send span:--protocol") words="grpc http/protobuf http/json" ;;
    "send span:--compression") words="none gzip zstd" ;;
    "send replay") words="--speed --retime --rewrite-ids --format -o --out --endpoint --protocol --header --compression --timeout --insecure --secure --ca --cert --key -h --help" ;;
    "send replay:--format") words="text json" ;;
    "send replay:--protocol") words="grpc http/protobuf http/json" ;;
    "send replay:--compression") words="none gzip zstd" ;;
    "trace") words="list show explain order diff missing skew paths map -h --help" ;;
    "trace list") words="--service --min-duration --errors --attr --since --limit --format --store --in -o --out -h --help" ;;
    "trace list:--format") words="table json jsonl" ;;
    "trace show") words="--format --raw --store --in -o --out -h --help" ;;
    "trace show:--format") words="text json" ;;
    "trace explain") words="--why --format --store --in -o --out -h --help" ;;
    "trace explain:--format") words="text json" ;;
    "trace order") words="--trace --format --store --in -o --out -h --help" ;;
    "trace order:--format") words="text json" ;;
    "trace diff") words="--format --store --in -o --out -h --help" ;;
    "trace diff:--format") words="text json" ;;
    "trace missing") words="--limit --format --store --in -o --out -h --help" ;;
    "trace missing:--format") words="text json" ;;
    "trace skew") words="--hosts --since --window --format --store --in -o --out -h --help" ;;
    "trace skew:--format") words="text json" ;;
    "trace paths") words="--service --operation --since --limit --format --store --in -o --out -h --help" ;;
    "trace paths:--format") words="text json" ;;
    "trace map") words="--since --format --store --in -o --out -h --help" ;;
    "trace map:--format") words="text json" ;;
    "trace-context") words="decode encode convert check -h --help" ;;
    "trace-context decode") words="--each --strict-level --format -o --out -h --help" ;;
    "trace-context decode:--format") words="text json" ;;
    "trace-context encode") words="--trace-id --parent-id --sampled --not-sampled --random --not-random --state --baggage --to --format -o --out -h --help" ;;
    "trace-context encode:--to") words="w3c b3-single b3-multi jaeger datadog xray gcp ot-trace grpc-trace-bin env server-timing traceresponse all" ;;
    "trace-context encode:--format") words="text json" ;;
    "trace-context convert") words="--to --strict-level --format -o --out -h --help" ;;
    "trace-context convert:--to") words="w3c b3-single b3-multi jaeger datadog xray gcp ot-trace grpc-trace-bin env server-timing traceresponse all" ;;
    "trace-context convert:--format") words="text json" ;;
    "trace-context check") words="--echo --strict-level --mode --timeout --listen --callback --format -o --out -h --help" ;;
    "trace-context check:--mode") words="auto callback response" ;;
    "trace-context check:--format") words="text json" ;;
    "agent") words="run start stop status reload logs unit -h --help" ;;
    "agent run") words="--server --config --state --header --header-file --allow-remote-config --trust --no-connection-settings --log -h --help" ;;
    "agent start") words="--server --config --state --header --header-file --allow-remote-config --trust --no-connection-settings --log -h --help" ;;
    "agent stop") words="--state --timeout -h --help" ;;
    "agent status") words="--state --format -h --help" ;;
    "agent status:--format") words="text json" ;;
    "agent reload") words="--state --wait --no-wait --timeout -h --help" ;;
    "agent logs") words="--state -f --follow -n --lines -h --help" ;;
    "agent unit") words="--server --config --state --header --header-file --allow-remote-config --trust --no-connection-settings --log --user -h --help" ;;
    "opamp") words="serve agents push key sign rollback restart forget audit conform tap replay -h --help" ;;
    "opamp serve") words="--listen --path --db --token-file --tls-cert --tls-key --client-ca --ca-cert --ca-key --heartbeat --max-message --max-agents -h --help" ;;
    "opamp agents") words="-l --selector -L --label --wide --why --format --server --db --token-file --ca -o --out -h --help" ;;
    "opamp agents:--format") words="table json jsonl" ;;
    "opamp push") words="-l --selector --all --canary --observe --patience --sign --key --content-type --name --why --retry --settings --yes -y --dry --wait --no-wait --timeout --follow --resume --pause --list --format --server --token-file --ca -o --out -h --help" ;;
    "opamp push:--wait") words="applied proven" ;;
    "opamp push:--format") words="text json" ;;
    "opamp key") words="-o --out --public -h --help" ;;
    "opamp sign") words="--key --content-type -o --out -h --help" ;;
    "opamp rollback") words="-l --selector --why --yes -y --format --server --token-file --ca -o --out -h --help" ;;
    "opamp rollback:--format") words="text json" ;;
    "opamp restart") words="-l --selector --all --yes -y --format --server --token-file --ca -o --out -h --help" ;;
    "opamp restart:--format") words="text json" ;;
    "opamp forget") words="-l --selector --all --why --yes -y --format --server --token-file --ca -o --out -h --help" ;;
    "opamp forget:--format") words="text json" ;;
    "opamp audit") words="--since --whom --limit --format --server --db --token-file --ca -o --out -h --help" ;;
    "opamp audit:--format") words="table json jsonl csv" ;;
    "opamp conform") words="--server --agent --listen --transport --format --only --skip --strict --no-strict --list --timeout --longest --limit --header --ca --assign --operator-token-file --config --failing-config --crashing-config --sicken -o --out -h --help" ;;
    "opamp conform:--transport") words="ws http both" ;;
    "opamp conform:--format") words="text json junit" ;;
    "opamp tap") words="--to --listen --record --fault --seed --format --show-secrets --ca --cert --key --insecure --tls-cert --tls-key --client-ca --max-message -o --out -h --help" ;;
    "opamp tap:--format") words="text json jsonl" ;;
    "opamp replay") words="--to --listen --header --keep-uids --timeout --shrink --format --show-secrets --ca --insecure -o --out -h --help" ;;
    "opamp replay:--format") words="text json jsonl" ;;
    "query") words="--format --store -o --out -h --help" ;;
    "query:--format") words="table json jsonl csv parquet" ;;
    "store") words="info verify -h --help" ;;
    "store info") words="--format --store -o --out -h --help" ;;
    "store info:--format") words="text json" ;;
    "store verify") words="--format --store -o --out -h --help" ;;
    "store verify:--format") words="table json jsonl" ;;
    "tui") words="--store --pid --grpc --http --no-receive -h --help" ;;
    "config") words="show path validate schema -h --help" ;;
    "config show") words="--format -h --help" ;;
    "config show:--format") words="table json jsonl csv" ;;
    "config path") words="-h --help" ;;
    "config validate") words="-h --help" ;;
    "config schema") words="-h --help" ;;
    "completion") words="bash zsh fish -o --out -h --help" ;;
  esac
}
complete -o default -F _otx otx
