# A map of 10⁵ trivial Python elements over one child with a worker for each core, against Python's own multiprocessing
# and GNU parallel on the same cores. The child's time is the runner's own account: from the start of the code to its end.

bench_map() {
    need_packages parallel
    "$(demo_python)" "$here/lib/map.py" "$state/demo.json" 100000
}

demo_python() { command -v /usr/bin/python3; }
