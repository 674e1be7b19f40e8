package verdict

// Version is that of this module, and of the service that it was made for.
const Version = "0.1.0"
