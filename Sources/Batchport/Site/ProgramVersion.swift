/// Of the program, as pages, the workers' signs of life and `batchport --version` say it.
package enum ProgramVersion {
    package static let text = "0.1"
}
