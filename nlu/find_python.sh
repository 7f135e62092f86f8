#!/bin/sh
# Prints a Python 3.10 that really runs, for Rasa: on the PATH, of pyenv, or through uv. Else says what to install.
works() { "$1" -c 'import sys, venv; raise SystemExit(sys.version_info[:2] != (3, 10))' >/dev/null 2>&1; }

for candidate in python3.10 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.10*/bin/python3.10; do
    if works "$candidate"; then command -v "$candidate"; exit; fi
done

# uv brings a Python of its own, where the internet is reached.
uv=$(command -v uv) || { .venv/bin/pip install --quiet --require-hashes -r nlu/uv.lock >&2 && uv=.venv/bin/uv; }
candidate=$("$uv" python find 3.10 2>/dev/null || { "$uv" python install --quiet 3.10 >&2 && "$uv" python find 3.10; })
if [ -n "$candidate" ] && works "$candidate"; then echo "$candidate"; exit; fi

echo "Rasa needs Python 3.10: install it (with pyenv: pyenv install 3.10; with uv: uv python install 3.10) and run make again." >&2
exit 1
