/// The versions of the portal's database (`sql/portal`) that this program can work with.
package enum PortalSchema {
    package static let versions = 52...52
}
