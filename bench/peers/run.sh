#!/bin/sh
# Benchmarks against the peers: makes a virtual environment in .venv-peers, again
# when the requirements change, then prints the tables of train.py, hessian.py
# and, for the engine, of bench/engine/peers.py.
#
#   bench/peers/run.sh           all of it, more than half an hour on two cores
#   bench/peers/run.sh --quick   small sizes, to see that it runs
#
# PYTHON names the interpreter that makes the environment (default: python3).
set -eu
quick=
for argument; do
	case "$argument" in
	--quick) quick=--quick ;;
	*)
		echo "run.sh: unknown argument $argument (only --quick)" >&2
		exit 2
		;;
	esac
done
export PYTHONDONTWRITEBYTECODE=1
cd "$(dirname "$0")/../.."
python=.venv-peers/bin/python
wanted=$(cat bench/peers/requirements.txt bench/engine/requirements.txt)
if [ "$wanted" != "$(cat .venv-peers/complete 2>/dev/null)" ]; then
	rm -rf .venv-peers
	"${PYTHON:-python3}" -m venv .venv-peers
	$python -m pip install --quiet --requirement bench/peers/requirements.txt --requirement bench/engine/requirements.txt
	echo "$wanted" >.venv-peers/complete
fi
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/ ./cmd/... ./bench/engine
if [ -n "$quick" ]; then
	$python bench/peers/train.py --data mnist --paper-networks 1
else
	$python bench/peers/train.py
fi
$python bench/peers/hessian.py $quick
$python bench/engine/peers.py --engine bin/engine $quick
