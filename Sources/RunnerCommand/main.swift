import Glibc
import Processes
import Runner

Signals.block(RunnerProgram.signals)
Signals.ignorePipe()
exit(RunnerProgram.run(Array(CommandLine.arguments.dropFirst())))
