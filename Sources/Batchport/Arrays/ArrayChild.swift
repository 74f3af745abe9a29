/// One child job of an array: it has one contiguous span of the list.
enum ArrayChild {
    /// Stands where a row hangs on the job itself and not on a child.
    static let none = -1
}
