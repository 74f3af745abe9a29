/// Forks workers and keeps them: `python3 pool.py FOLDER WORKERS LANGUAGE SOURCE INITIALIZATION FUNCTION LIMIT FORM`, with an
/// empty INITIALIZATION where there is none. `WorkerPool` speaks with it; what a language does stands in the module that
/// LANGUAGE names.
enum PoolScript {
    static let name = "pool.py"

    static let text = #"""
        import importlib, json, os, sys

        folder, workers, language = sys.argv[1], int(sys.argv[2]), sys.argv[3]
        STOPPED = 75


        def tell(text):
            control = os.open(folder + "/control", os.O_WRONLY)
            os.write(control, (text + "\n").encode("utf-8", "replace"))
            os.close(control)


        def send(answers, line):
            line = memoryview(line + b"\n")
            while line:
                line = line[os.write(answers, line):]


        def work(slot, evaluate):
            requests = os.open("%s/requests.%d" % (folder, slot), os.O_RDONLY)
            answers = os.open("%s/answers.%d" % (folder, slot), os.O_WRONLY)
            own = os.getpid()
            # Until what an earlier worker left in the pipes is gone.
            os.read(os.open("%s/resume.%d" % (folder, slot), os.O_RDONLY), 1)
            send(answers, b"*")
            rest = b""
            while True:
                *lines, rest = (rest + os.read(requests, 1 << 16)).split(b"\n")
                for line in lines:
                    if not line:
                        sys.stdout.flush()
                        os._exit(STOPPED)
                    index, element = line.split(b" ", 1)
                    answer = evaluate(int(index), element.decode("utf-8"))
                    if os.getpid() != own:
                        os._exit(0)
                    send(answers, answer)


        def start(slot, evaluate):
            sys.stdout.flush()
            process = os.fork()
            if process:
                return process
            try:
                if "numpy" in sys.modules:
                    sys.modules["numpy"].random.seed()
                work(slot, evaluate)
            except SystemExit as error:
                os._exit(error.code if isinstance(error.code, int) else 1)
            finally:
                os._exit(1)


        def main():
            sys.path[0] = os.getcwd()
            sys.path.append(folder)
            module = importlib.import_module(language)
            sys.path.pop()
            try:
                evaluate = module.load(*sys.argv[4:9])
            except module.Unloadable as error:
                tell("unloadable " + json.dumps(str(error)[:1000].encode("utf-8", "backslashreplace").decode()))
                sys.stdout.flush()
                os._exit(error.status)
            slots = {start(slot, evaluate): slot for slot in range(workers)}
            while slots:
                process, status = os.wait()
                slot = slots.pop(process, None)
                if slot is None:
                    continue
                code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
                tell("ended %d %d" % (slot, code))
                if code != STOPPED:
                    slots[start(slot, evaluate)] = slot


        main()
        """#
}

/// Python's part: the source and the initialization run once, as the module `main`.
enum PythonScript {
    static let name = "python_language.py"

    static let text = #"""
        import json, os, sys, traceback, types


        class Unloadable(Exception):
            status = 1


        def plain(value):
            if hasattr(value, "tolist"):
                return value.tolist()
            raise TypeError("A %s has no form in JSON." % type(value).__name__)


        encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=plain).encode


        def missing(cause, error):
            # A name of a file that is not UTF-8 has halves of characters, which JSON does not.
            return ("!%s " % cause).encode() + json.dumps(error[:1000].encode("utf-8", "backslashreplace").decode()).encode()


        def show(error):
            traceback.print_exception(type(error), error, error.__traceback__.tb_next)
            sys.stderr.flush()


        def load(source, initialization, function, limit, form):
            module = types.ModuleType("main")
            sys.modules["main"] = module
            try:
                for path in filter(None, [source, initialization]):
                    with open(path, "rb") as file:
                        exec(compile(file.read(), os.path.basename(path), "exec"), module.__dict__)
                first, *rest = function.split(".")
                if first not in module.__dict__:
                    raise NameError("The code defines no function %s." % function)
                called = module.__dict__[first]
                for name in rest:
                    called = getattr(called, name)
                if not callable(called):
                    raise TypeError("%s is not a function." % function)
            except BaseException as error:
                unloadable = Unloadable("%s: %s" % (type(error).__name__, error))
                if isinstance(error, SystemExit) and isinstance(error.code, int) and 0 < error.code < 256:
                    unloadable.status = error.code
                show(error)
                raise unloadable from None
            return lambda index, element: evaluate(called, index, json.loads(element), int(limit))


        def evaluate(called, index, element, limit):
            try:
                value = called(element)
            except BaseException as error:
                print("Element %d:" % index, file=sys.stderr)
                show(error)
                return missing("evaluationFailed", "%s: %s" % (type(error).__name__, error))
            try:
                text = encode(value).encode("utf-8")
            except ValueError as error:
                named = "Out of range float" in str(error)
                return missing("invalid", "The result holds NaN or an infinity, which JSON does not have." if named else str(error))
            except (TypeError, RecursionError) as error:
                return missing("invalid", str(error))
            if len(text) > limit:
                return missing("tooLarge", "The result has %d bytes; at most %d may be." % (len(text), limit))
            return b"=" + text
        """#
}
