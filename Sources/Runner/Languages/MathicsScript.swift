/// The kernel Mathics 3, for images without `wolframscript`: as a program, `python3 mathics_language.py SOURCE RECORD
/// FORM LIMIT` evaluates a source and writes its record; as a module, it is a language of `PoolScript`.
enum MathicsScript {
    static let name = "mathics_language.py"

    static let text = #"""
        import gc, json, os, sys
        # Until the kernel is there: what it loads stays, and looking through it again and again takes a fifth of the start.
        gc.disable()
        from mathics.core.atoms import Integer, Number, Real, String
        from mathics.core.definitions import Definitions
        from mathics.core.evaluation import Evaluation, Output
        from mathics.core.expression import Expression
        from mathics.core.load_builtin import import_and_load_builtins
        from mathics.core.parser import MathicsMultiLineFeeder
        from mathics.core.symbols import Symbol
        from mathics.session import load_default_settings_files
        import mathics.format.render


        class Unloadable(Exception):
            status = 1


        class Console(Output):
            def __init__(self):
                self.messages = []

            def max_stored_size(self, settings):
                return None

            def out(self, out):
                line = str(out)
                print(line, flush=True)
                if out.is_message and len(self.messages) < 100:
                    self.messages.append(line[:1000])


        class NoJSON(Exception):
            pass


        class Kernel:
            def __init__(self):
                import_and_load_builtins()
                self.definitions = Definitions(add_builtin=True)
                load_default_settings_files(self.definitions)
                gc.freeze()
                gc.enable()

            def run(self, text, name):
                """The value of the last expression, or None where one cannot be read; and all messages."""
                console, value = Console(), Symbol("System`Null")
                feeder = MathicsMultiLineFeeder(text, name)
                while not feeder.empty():
                    evaluation = Evaluation(self.definitions, output=console, catch_interrupt=False)
                    before = len(console.messages)
                    query = evaluation.parse_feeder(feeder)
                    if query is None:
                        if len(console.messages) > before:
                            return None, console.messages
                        continue
                    evaluation.evaluate(query, format="unformatted")
                    value = evaluation.last_eval
                    if evaluation.exc_result is not None and evaluation.exc_result != Symbol("System`Null"):
                        value = evaluation.exc_result
                    if value is None:
                        return None, console.messages
                return value, console.messages

            def why_not_callable(self, function):
                """Of a text that is to be a function: a name that stands for nothing would be an answer to every element."""
                value, messages = self.run("(" + function + ")", "function")
                if value is None:
                    return messages[-1] if messages else "The function is no expression."
                while isinstance(value, Expression):
                    value = value.head
                if isinstance(value, (Number, String)):
                    return "%s is not a function." % function
                name = value.get_name() if isinstance(value, Symbol) else ""
                known = self.definitions
                if not name or name in known.builtin or name in known.pymathics:
                    return None
                if known.get_downvalues(name) or known.get_subvalues(name) or known.get_upvalues(name):
                    return None
                return "The code defines no function %s." % function

            def input_form(self, value):
                evaluation = Evaluation(self.definitions, output=Console())
                return Expression(Symbol("System`ToString"), value, Symbol("System`InputForm")).evaluate(evaluation).value


        def json_of(value):
            """Lists, associations and lists of rules with strings as keys, strings, numbers, True, False and Null."""
            if isinstance(value, String):
                return value.value
            if isinstance(value, Integer):
                return value.value
            if isinstance(value, Real):
                number = float(value.to_python())
                if number != number or number in (float("inf"), float("-inf")):
                    raise NoJSON
                return number
            name = value.get_name() if not value.get_elements() else ""
            if name in ("System`True", "System`False", "System`Null"):
                return {"System`True": True, "System`False": False, "System`Null": None}[name]
            head, parts = value.get_head_name(), value.get_elements()
            rules = parts and all(
                part.get_head_name() == "System`Rule" and isinstance(part.elements[0], String) for part in parts)
            if head == "System`Association" and (rules or not parts) or head == "System`List" and rules:
                return {part.elements[0].value: json_of(part.elements[1]) for part in parts}
            if head == "System`List":
                return [json_of(part) for part in parts]
            raise NoJSON


        def text_of(value):
            """JSON as Wolfram Language."""
            if isinstance(value, str):
                return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
            if isinstance(value, bool) or value is None:
                return {True: "True", False: "False", None: "Null"}[value]
            if isinstance(value, int):
                return "(%d)" % value
            if isinstance(value, float):
                return "(%s)" % repr(value).replace("e", "*^")
            if isinstance(value, list):
                return "{" + ",".join(map(text_of, value)) + "}"
            return "<|" + ",".join(text_of(key) + "->" + text_of(item) for key, item in value.items()) + "|>"


        def encode(value):
            return json.dumps(json_of(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


        def load(source, initialization, function, limit, form):
            kernel = Kernel()
            try:
                for path in filter(None, [source, initialization]):
                    with open(path, encoding="utf-8") as file:
                        value, messages = kernel.run(file.read(), os.path.basename(path))
                    if value is None:
                        raise Unloadable(messages[-1] if messages else "An expression has no value.")
                fault = kernel.why_not_callable(function)
                if fault:
                    raise Unloadable(fault)
            except SystemExit as error:
                unloadable = Unloadable("The code ended the kernel.")
                unloadable.status = error.code if isinstance(error.code, int) and 0 < error.code < 256 else 1
                raise unloadable from None
            return lambda index, element: evaluate(
                kernel, function, index, json.loads(element), int(limit), form)


        def missing(cause, message):
            return ("!%s " % cause).encode() + json.dumps(message[:1000]).encode()


        def evaluate(kernel, function, index, element, limit, form):
            value, messages = kernel.run("(" + function + ")[" + text_of(element) + "]", "element %d" % index)
            said = b"".join(b"~" + json.dumps("Element %d: %s" % (index, text)).encode() + b"\n" for text in messages)
            if value is None or value == Symbol("System`$Aborted"):
                return said + missing("evaluationFailed", messages[-1] if messages else "The evaluation was aborted.")
            try:
                if form == "inputForm":
                    raise NoJSON
                answer = b"=" + encode(value).encode("utf-8")
            except NoJSON:
                answer = b":" + json.dumps(kernel.input_form(value)).encode()
            if len(answer) > limit:
                return said + missing("tooLarge", "The result has %d bytes; at most %d may be." % (len(answer), limit))
            return said + answer


        def single(source, record, form, limit):
            kernel = Kernel()
            with open(source, encoding="utf-8") as file:
                value, messages = kernel.run(file.read(), os.path.basename(source))
            entry = {"version": 1, "success": value is not None and not messages, "messages": messages, "inputForm": None}
            if value is not None:
                text = kernel.input_form(value)
                entry["inputForm"] = text if len(text) <= 65536 else None
                try:
                    result = json.dumps(text) if form == "inputForm" else encode(value)
                    entry["form"] = form
                except NoJSON:
                    result, entry["form"] = json.dumps(text), "inputForm"
                with open(os.environ["BATCHPORT_RESULT"], "w", encoding="utf-8") as file:
                    file.write(result)
            with open(record, "w", encoding="utf-8") as file:
                json.dump(entry, file)


        if __name__ == "__main__":
            single(*sys.argv[1:5])
        """#
}
