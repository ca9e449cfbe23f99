# What `tests/run` counts with and what it sets up: sourced by it, and not for anyone else.
# shellcheck shell=bash

# Rust 1.N: what cargo-nextest needs; Kosmos itself builds with `rust-version` of Cargo.toml.
readonly rust_minor=91

scratch=$(mktemp -d)
passed=0 failed=0 skipped=0 ended=no
problems=()
# Lines "SECONDS|SECTION" of the table at the end.
times=()
: >"$scratch/skipped"
export KOSMOS_TEST_SKIPPED=$scratch/skipped

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    bold=$'\e[1m' red=$'\e[31m' yellow=$'\e[33m' plain=$'\e[0m'
    export CARGO_TERM_COLOR=always
else
    bold='' red='' yellow='' plain=''
    export CARGO_TERM_COLOR=never
fi
export PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin" PYTHONDONTWRITEBYTECODE=1
target=${CARGO_TARGET_DIR:-$root/target}

clock() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

# heading NAME: begins a section, whose time is printed at the end.
section_name='' section_began=0
heading() {
    end_section
    section_name=$1 section_began=$SECONDS
    printf '\n%s== %s%s\n' "$bold" "$1" "$plain"
}
end_section() {
    [[ -z $section_name ]] || times+=("$((SECONDS - section_began))|$section_name")
    section_name=''
}

fail() {
    failed=$((failed + 1))
    problems+=("failed: $1")
    printf '%sFAILED: %s%s\n' "$red" "$1" "$plain"
}

skip() {
    if [[ ${CI:-} == true ]]; then
        fail "$1 (CI=true: nothing may be skipped)"
        return
    fi
    skipped=$((skipped + 1))
    problems+=("skipped: $1")
    printf '%sSKIPPED: %s%s\n' "$yellow" "$1" "$plain"
}

# without WHAT: a service is missing. The tests that need it skip themselves and are counted then.
without() {
    if [[ ${CI:-} == true ]]; then
        fail "$1 (CI=true: nothing may be skipped)"
    else
        printf '%sMISSING: %s%s\n' "$yellow" "$1" "$plain"
    fi
}

# Nothing below runs without these.
give_up() {
    fail "$1"
    ended=yes
    exit 1
}

# Called however the script ends, so that the summary is always its last line.
summary() {
    end_section
    end_jobs
    [[ ! -d $scratch/graph ]] || tests/graph stop "$scratch/graph" || fail "the graph database could not be removed"
    [[ ! -d $scratch/llm ]] || tests/llm stop "$scratch/llm" || fail "the language model's server could not be ended"
    [[ ! -d $scratch/engine ]] || tests/engine stop "$scratch/engine" || fail "the container engine could not be removed"
    rm -rf -- "$scratch"
    [[ $ended == yes ]] || fail "tests/run was interrupted"
    printf '\nwhere the time went (%s in all; those marked * ran beside the others):\n' "$(clock "$SECONDS")"
    local line
    for line in "${times[@]}"; do
        [[ $line != 0\|* ]] || continue
        printf '%8s  %s\n' "$(clock "${line%%|*}")" "${line#*|}"
    done
    ((${#problems[@]} == 0)) || printf '\n%s\n' "${problems[@]}"
    printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    ((failed == 0)) || exit 1
}
trap summary EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# begin NAME FUNCTION: runs it beside the others, with its output kept until `finish NAME`. What it exports it must write to
# $scratch/NAME.env.
declare -A jobs=()
begin() {
    local name=$1 function=$2
    # A group of its own, so that all of it can be ended.
    set -m
    (
        trap - EXIT
        trap 'exit 143' TERM
        began=$SECONDS status=0
        "$function" || status=$?
        echo $((SECONDS - began)) >"$scratch/$name.seconds"
        exit "$status"
    ) </dev/null >"$scratch/$name.log" 2>&1 &
    jobs[$name]=$!
    set +m
}

# finish NAME TITLE: waits for it, prints what it said, and ends as it ended.
finish() {
    local name=$1 status=0
    heading "$2"
    wait "${jobs[$name]}" || status=$?
    unset "jobs[$name]"
    cat "$scratch/$name.log"
    section_name="waiting for: $2"
    [[ ! -e $scratch/$name.seconds ]] || times+=("$(<"$scratch/$name.seconds")|* $2")
    if ((status == 0)) && [[ -e $scratch/$name.env ]]; then
        # shellcheck disable=SC1090 # written by the job
        source "$scratch/$name.env"
    fi
    return "$status"
}

end_jobs() {
    local name
    for name in "${!jobs[@]}"; do
        kill -TERM -- "-${jobs[$name]}" 2>/dev/null || true
        wait "${jobs[$name]}" 2>/dev/null || true
    done
}

# check NAME COMMAND...: counts as one test.
check() {
    heading "$1"
    if "${@:2}"; then
        passed=$((passed + 1))
    else
        fail "$1"
    fi
}

# suite NAME COUNT COMMAND...: COUNT reads what the command prints and says "PASSED FAILED SKIPPED".
suite() {
    local status=0
    heading "$1"
    "${@:3}" 2>&1 | tee "$scratch/output" || status=$?
    count_suite "$1" "$2" "$status"
}

# finish_suite JOB NAME COUNT: the same of a job that was begun.
finish_suite() {
    local status=0
    finish "$1" "$2" >"$scratch/output" 2>&1 || status=$?
    cat "$scratch/output"
    count_suite "$2" "$3" "$status"
}

count_suite() {
    local name=$1 count=$2 status=$3 counts ok=0 bad=0 left_out=0
    if ! counts=$(sed 's/\x1b\[[0-9;]*[A-Za-z]//g; s/\r//g' "$scratch/output" | "$count"); then
        fail "$name: its closing line was not found (exit code $status)"
        return
    fi
    read -r ok bad left_out <<<"$counts"
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + left_out))
    if ((bad > 0)); then
        problems+=("failed: $bad of $name")
    elif ((status != 0)); then
        fail "$name: exit code $status although no test failed"
    fi
    if ((left_out > 0)); then
        problems+=("skipped: $left_out of $name")
    fi
}

#      Summary [   3.3s] 120 tests run: 117 passed (2 slow), 2 failed, 1 timed out, 4 skipped
#
# What nextest calls skipped are tests of the deep tier and those that other tests run. A test without its service has
# passed by its exit code and has said so in $KOSMOS_TEST_SKIPPED: it counts as skipped.
count_nextest() {
    local without
    without=$(sort -u "$KOSMOS_TEST_SKIPPED" | sed 's/: .*//' | sort -u | wc -l)
    awk -v without="$without" '
        /^ *Summary \[/ { line = $0; found = 1 }
        END {
            if (!found) exit 1
            # Tests that were never started, as when it was interrupted, have not passed.
            if (match(line, /[0-9]+\/[0-9]+ tests? run/)) {
                split(substr(line, RSTART, RLENGTH), of, "[/ ]")
                bad += of[2] - of[1]
            }
            sub(/.*run: /, "", line)
            gsub(/\([^)]*\)/, "", line)
            parts = split(line, part, ",")
            for (i = 1; i <= parts; i++) {
                split(part[i], word, " ")
                if (part[i] ~ /passed/) ok += word[1]
                else if (part[i] !~ /skipped/) bad += word[1]
            }
            print ok - without, bad + 0, without
        }'
}

# test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.3s
count_libtest() {
    awk '
        /^test result: / {
            found = 1
            for (i = 2; i <= NF; i++) {
                if ($i ~ /^passed/) ok += $(i - 1)
                if ($i ~ /^failed/) bad += $(i - 1)
                if ($i ~ /^ignored/) skipped += $(i - 1)
            }
        }
        END { if (!found) exit 1; print ok + 0, bad + 0, skipped + 0 }'
}

# Ran 12 tests in 3.4s
#
# FAILED (failures=1, errors=1, skipped=2)
count_unittest() {
    awk '
        /^Ran [0-9]+ tests? in / { ran = $2; found = 1; closed = 0 }
        /^(OK|FAILED|NO TESTS RAN)( |$)/ { closing = $0; closed = 1 }
        END {
            if (!found || !closed || ran == 0) exit 1
            parts = split(closing, part, /[(,)]/)
            for (i = 2; i <= parts; i++) {
                split(part[i], pair, "=")
                if (part[i] ~ /failures|errors|unexpected/) bad += pair[2]
                else if (part[i] ~ /skipped/) skipped += pair[2]
            }
            ok = ran - bad - skipped
            print (ok > 0 ? ok : 0), bad + 0, skipped + 0
        }'
}

# persist COMMAND...: what fetches packages is tried three times: a registry that does not answer for a moment is no failure.
persist() {
    local tries
    for tries in 1 2 3; do
        if "$@"; then
            return 0
        fi
        printf 'try %d of 3 failed: %s\n' "$tries" "$*" >&2
        ((tries == 3)) || sleep $((tries * 20))
    done
    return 1
}

# A Python that the environment can be built on: 3.11 to 3.14, with venv.
good_python() {
    local python
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        "$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && return
    done
    return 1
}

is_apt_root() { [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; }

# apt PACKAGE...: one installation waits for another.
apt() {
    apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y -o DPkg::Lock::Timeout=600 --no-install-recommends "$@"
}

# What nothing runs without, and in the same installation what single tests need: one index is read instead of three.
system_packages() {
    local needed=() wanted=()
    command -v cc >/dev/null || needed+=(gcc libc6-dev)
    good_python || needed+=(python3 python3-venv)
    command -v node >/dev/null || wanted+=(nodejs)
    type -P strace >/dev/null || wanted+=(strace)
    if ((${#needed[@]} > 0)) && ! is_apt_root; then
        give_up "missing on this machine: ${needed[*]} (Debian's names). Install them (on Debian: sudo apt-get install ${needed[*]}) and start again; Python must be 3.11 to 3.14"
    fi
    if ((${#needed[@]} + ${#wanted[@]} > 0)) && is_apt_root; then
        persist apt "${needed[@]}" "${wanted[@]}" || ((${#needed[@]} == 0)) || give_up "apt-get could not install ${needed[*]}"
    fi
    good_python || give_up "no Python from 3.11 to 3.14 with venv was found; the one that apt-get installs here is another"
    # Agents may be written in any language; that one is tried.
    if KOSMOS_TEST_NODE=$(PATH=/usr/local/bin:/usr/bin:/bin command -v node); then
        export KOSMOS_TEST_NODE
    else
        unset KOSMOS_TEST_NODE
        without "the tests with Node need it (Debian's package nodejs)"
    fi
    # The test of what is on the disk when the power goes watches the system calls.
    if KOSMOS_TEST_STRACE=$(type -P strace); then
        export KOSMOS_TEST_STRACE
    else
        unset KOSMOS_TEST_STRACE
        without "the tests that watch system calls need strace (Debian's package strace)"
    fi
}

rust() {
    local version
    version=$(cargo --version 2>/dev/null) || give_up "cargo was not found: install Rust 1.$rust_minor or newer from https://rustup.rs"
    if ! [[ $version =~ ^cargo\ 1\.([0-9]+) ]] || ((BASH_REMATCH[1] < rust_minor)); then
        give_up "Rust 1.$rust_minor or newer is needed, and this is $version: see https://rustup.rs"
    fi
    if ! { cargo fmt --version && cargo clippy --version; } >/dev/null 2>&1; then
        # What cannot be added is missed below, by name.
        rustup component add rustfmt clippy || true
    fi
}

# cargo-nextest, cargo-deny and typos: those of the machine, else those of the cache.
tools() {
    local python
    if cargo nextest --version && cargo deny --version && typos --version; then
        return
    fi >/dev/null 2>&1
    python=$(persist tests/python tools | tail -n 1) || give_up "cargo-nextest, cargo-deny and typos could not be fetched"
    export PATH="$PATH:${python%/*}"
}

# Compiled dependencies outlive a clone where CI=true. Cargo knows crates of a registry by what they are and not by where or
# when they were compiled; nothing of the workspace is kept. One set is kept, some 2 GB.
dependencies_key() {
    { rustc -vV && cat Cargo.lock Cargo.toml crates/*/Cargo.toml && printf '%s\n' "${RUSTFLAGS:-}" && env | sed -n '/^CARGO_PROFILE/p'; } |
        sha256sum | cut -c 1-16
}
restore_dependencies() {
    local kept
    kept=$cache/dependencies/$(dependencies_key)
    # Of another set, cargo takes what is the same. It is left where it has grown by what nothing needs any more.
    if [[ ! -e $kept/debug ]]; then
        [[ -e $cache/dependencies ]] || return 0
        kept=$(find "$cache/dependencies" -mindepth 1 -maxdepth 1 -not -name '*.half' | head -n 1)
        [[ -n $kept ]] && (($(du -sm -- "$kept" | cut -f 1) < 5000)) || return 0
    fi
    [[ ${CI:-} == true && ! -e $target/debug && -e $kept/debug ]] || return 0
    printf 'taking the compiled dependencies from %s\n' "$kept"
    mkdir -p -- "$target"
    cp -a --reflink=auto -- "$kept/." "$target/"
}
keep_dependencies() {
    local key half
    key=$(dependencies_key)
    [[ ${CI:-} == true && ! -e $cache/dependencies/$key ]] || return 0
    rm -rf -- "$cache/dependencies"
    half=$cache/dependencies/$key.half
    mkdir -p -- "$half"
    # Units of the workspace are known by the hash in the name of their fingerprint.
    (
        cd -- "$target"
        find debug/.fingerprint -maxdepth 1 -name 'kosmos*' | sed 's/.*-//' | sort -u >"$scratch/own"
        find debug/.fingerprint debug/build debug/deps -mindepth 1 -maxdepth 1 | grep -vFf "$scratch/own" >"$scratch/kept"
        tar -cf - --files-from "$scratch/kept" | tar -xf - -C "$half"
    ) && mv -T -- "$half" "$cache/dependencies/$key" && du -sh -- "$cache/dependencies/$key"
}

# The engine, which scripts run in; its images are made once the binary is there.
start_engine() {
    if [[ -z ${KOSMOS_TEST_DOCKER_HOST:-} ]]; then
        KOSMOS_TEST_DOCKER_HOST=$(tests/engine start "$scratch/engine") || return 1
        printf 'export KOSMOS_TEST_DOCKER_FOLDER=%q\n' "$scratch/engine" >>"$scratch/engine_started.env"
    fi
    printf 'export KOSMOS_TEST_DOCKER_HOST=%q\n' "$KOSMOS_TEST_DOCKER_HOST" >>"$scratch/engine_started.env"
}
# The images of an engine of the tests' own are kept: building them takes some minutes of both cores.
build_images() {
    local language kept=
    if [[ -n ${KOSMOS_TEST_DOCKER_FOLDER:-} ]]; then
        kept=$cache/images/$(find crates/kosmos-sandbox/docker crates/kosmos-sandbox/python -type f -print0 | sort -z | xargs -0 cat | sha256sum | cut -c 1-16).tar
        [[ ! -e $kept ]] || move_images load "$kept" || rm -f -- "$kept"
    fi
    for language in python r; do
        persist "$target/debug/kosmos" sandbox build --language "$language" --set "sandbox.engine=$KOSMOS_TEST_DOCKER_HOST" || return 1
    done
    if [[ -n $kept && ! -e $kept ]]; then
        rm -rf -- "$cache/images"
        mkdir -p -- "$cache/images"
        move_images save "$kept.half" && mv -- "$kept.half" "$kept"
    fi
}
# move_images save|load FILE: all images of the engine to a file, or those of the file to the engine.
move_images() {
    python3 - "${KOSMOS_TEST_DOCKER_HOST#unix://}" "$@" <<'END'
import http.client, json, shutil, socket, sys, urllib.parse

path, way, file = sys.argv[1:]


class Engine(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)


def ask(method, address, body=None):
    engine = Engine("localhost", timeout=600)
    engine.request(method, address, body, {"Content-Type": "application/x-tar"})
    answer = engine.getresponse()
    if answer.status != 200:
        sys.exit(f"{method} {address}: {answer.status} {answer.read()[:300]}")
    return answer


if way == "save":
    tags = [tag for image in json.load(ask("GET", "/images/json")) for tag in image["RepoTags"] or []]
    names = urllib.parse.urlencode([("names", tag) for tag in tags])
    with open(file, "wb") as out:
        shutil.copyfileobj(ask("GET", f"/images/get?{names}"), out, 1 << 20)
else:
    with open(file, "rb") as kept:
        ask("POST", "/images/load", kept).read()
END
}

# A real model on this machine: see tests/llm. The default tier makes do with the smallest.
start_llm() {
    local size=small
    if [[ -z ${KOSMOS_TEST_LLM:-} ]]; then
        [[ $tier == deep ]] || size=tiny
        KOSMOS_TEST_LLM=$(tests/llm start "$scratch/llm" --model "$size") || return 1
        KOSMOS_TEST_LLM_MODEL=$(tests/llm name --model "$size")
        printf 'export KOSMOS_TEST_LLM_MODEL=%q\n' "$KOSMOS_TEST_LLM_MODEL" >>"$scratch/llm_started.env"
    fi
    printf 'export KOSMOS_TEST_LLM=%q\n' "$KOSMOS_TEST_LLM" >>"$scratch/llm_started.env"
}

# See tests/graph.
start_graph() {
    if [[ -z ${KOSMOS_TEST_BOLT:-} ]]; then
        KOSMOS_TEST_BOLT=$(tests/graph start "$scratch/graph") || return 1
        KOSMOS_TEST_BOLT_PASSWORD=$(<"$scratch/graph/password") || return 1
        printf 'export KOSMOS_TEST_BOLT_FOLDER=%q\n' "$scratch/graph" >>"$scratch/graph_started.env"
    fi
    printf 'export KOSMOS_TEST_BOLT=%q KOSMOS_TEST_BOLT_PASSWORD=%q\n' "$KOSMOS_TEST_BOLT" "${KOSMOS_TEST_BOLT_PASSWORD:-}" \
        >>"$scratch/graph_started.env"
}

# fetch_python SET VARIABLE: see tests/python.
fetch_python() {
    local python=${!2:-}
    [[ -n $python ]] || python=$(persist tests/python "$1" | tail -n 1) || return 1
    printf 'export %s=%q\n' "$2" "$python" >"$scratch/$1.env"
}
fetch_readers() { fetch_python readers KOSMOS_TEST_READERS; }
fetch_components() { fetch_python components KOSMOS_TEST_COMPONENTS; }

# The Python environment that scripts run in, so that no test waits for it.
make_environment() {
    local python
    python=$(persist "$target/debug/examples/python_environment" | tail -n 1) || return 1
    printf 'python=%q\n' "$python" >"$scratch/environment.env"
}

# Starts what does not need the binary; most of it waits for the network or a disk while cargo compiles.
begin_services() {
    begin engine_started start_engine
    begin llm_started start_llm
    begin graph_started start_graph
    begin readers fetch_readers
    begin components fetch_components
}

# Waits for all of them, and for what is made with the binary.
finish_services() {
    python=''
    finish environment "the Python environment" || without "every run of a script needs the Python environment"
    finish images "the sandbox's images" || {
        unset KOSMOS_TEST_DOCKER_HOST KOSMOS_TEST_DOCKER_FOLDER
        without "the tests of the Docker backend need a container engine with the sandbox's images"
    }
    finish graph_started "a graph database" || without "the tests with a graph server need one"
    finish readers "readers of the graph's exports" || without "the tests with readers of the graph's exports need them"
    finish components "compilers of WebAssembly components" || without "the tests that make WebAssembly components need a compiler"
    finish llm_started "a language model" || without "the tests with a real language model need one"
}
