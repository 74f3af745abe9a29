/// For `wolframscript`: `-file single.wl SOURCE RECORD FORM LIMIT` evaluates a source and writes its record, as
/// `MathicsScript` does; `-file worker.wl …` is one worker of `WorkerPool`.
enum WolframScript {
    static let name = "single.wl"

    static let text = #"""
        Begin["Batchport`"];
        {source, record, form, limit} = Take[$ScriptCommandLine, -4];
        End[];
        Batchport`data = EvaluationData[Get[FileNameJoin[{Directory[], Batchport`source}]]];
        Begin["Batchport`"];
        value = data["Result"];
        failed = value === $Failed && data["Success"] =!= True;
        text = ToString[value, InputForm];
        json = Quiet[Check[ExportString[value, "RawJSON", "Compact" -> True], $Failed]];
        If[form === "inputForm" || !StringQ[json], json = ExportString[text, "RawJSON"]; form = "inputForm"];
        If[!failed, Export[Environment["BATCHPORT_RESULT"], json, "Text"]];
        messages = Take[ToString /@ data["MessagesText"], UpTo[100]];
        Export[record, <|"version" -> 1, "success" -> TrueQ[data["Success"]], "messages" -> messages, "form" -> form,
            "inputForm" -> If[failed || StringLength[text] > 65536, Null, text]|>, "RawJSON"];
        End[];
        """#
}

/// One kernel for one slot: FOLDER SOURCE INITIALIZATION FUNCTION LIMIT FORM SLOT.
enum WolframWorkerScript {
    static let name = "worker.wl"

    static let text = #"""
        Begin["Batchport`"];
        {folder, source, initialization, function, limit, form, slot} = Take[$ScriptCommandLine, -7];
        End[];
        Get[FileNameJoin[{Directory[], Batchport`source}]];
        If[Batchport`initialization =!= "", Get[Batchport`initialization]];
        Begin["Batchport`"];
        f = ToExpression[function];
        head = f;
        While[!AtomQ[head], head = Head[head]];
        (* A name that stands for nothing would be an answer to every element. *)
        callable = If[Head[head] === Symbol,
            Context[Evaluate[head]] === "System`" || DownValues[Evaluate[head]] =!= {} || SubValues[Evaluate[head]] =!= {} ||
                UpValues[Evaluate[head]] =!= {} || MemberQ[Attributes[Evaluate[head]], ReadProtected],
            !NumberQ[head] && !StringQ[head]];
        If[f === $Failed || !callable,
            control = OpenWrite[folder <> "/control"];
            WriteString[control, "unloadable ", ExportString[
                StringTake["The code defines no function " <> function <> ".", UpTo[1000]], "RawJSON", "Compact" -> True], "\n"];
            Close[control];
            Exit[1]];
        ReadLine[OpenRead[folder <> "/resume." <> slot]];
        requests = OpenRead[folder <> "/requests." <> slot];
        answers = OpenWrite[folder <> "/answers." <> slot];
        say[line_] := WriteString[answers, line, "\n"];
        quoted[text_] := ExportString[StringTake[text, UpTo[1000]], "RawJSON", "Compact" -> True];
        answer[data_, index_] := Module[{value = data["Result"], json},
            Scan[say["~" <> quoted["Element " <> index <> ": " <> ToString[#]]] &, Take[data["MessagesText"], UpTo[100]]];
            json = Quiet[Check[ExportString[value, "RawJSON", "Compact" -> True], $Failed]];
            Which[
                value === $Aborted, say["!evaluationFailed " <> quoted["The evaluation was aborted."]],
                form === "inputForm" || !StringQ[json],
                say[":" <> ExportString[ToString[value, InputForm], "RawJSON", "Compact" -> True]],
                StringLength[json] > FromDigits[limit], say["!tooLarge " <> quoted["The result is too large."]],
                True, say["=" <> json]]];
        say["*"];
        While[True,
            line = ReadLine[requests];
            If[line === EndOfFile, Continue[]];
            If[line === "", Exit[75]];
            {index, element} = StringSplit[line, " ", 2];
            answer[EvaluationData[f[ImportString[element, "RawJSON"]]], index]];
        """#
}
