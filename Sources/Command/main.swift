import ArgumentParser
import Processes

// Synchronous on purpose: an asynchronous main starts threads before signals can be blocked.
Signals.ignorePipe()
Program.main()
