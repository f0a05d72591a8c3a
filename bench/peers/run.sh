#!/bin/sh
# Benchmarks against the peers: makes a virtual environment in .venv-peers if
# there is none, then prints the tables of train.py and hessian.py.
#
#   bench/peers/run.sh           all of it, about half an hour on two cores
#   bench/peers/run.sh --quick   small sizes, to see that it runs
#
# PYTHON names the interpreter that makes the environment (default: python3).
set -eu
export PYTHONDONTWRITEBYTECODE=1
cd "$(dirname "$0")/../.."
if [ -f .venv-peers/complete ]; then
	:
else
	rm -rf .venv-peers
	"${PYTHON:-python3}" -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --requirement bench/peers/requirements.txt
	touch .venv-peers/complete
fi
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/ ./cmd/...
quick=no
for argument; do
	case "$argument" in
	--quick) quick=yes ;;
	*)
		echo "run.sh: unknown argument $argument (only --quick)" >&2
		exit 2
		;;
	esac
done
if [ "$quick" = yes ]; then
	.venv-peers/bin/python bench/peers/train.py --data mnist --paper-networks 1
	.venv-peers/bin/python bench/peers/hessian.py --quick
else
	.venv-peers/bin/python bench/peers/train.py
	.venv-peers/bin/python bench/peers/hessian.py
fi
