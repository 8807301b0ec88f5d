"""Names of LSP's own methods (LSP 3.17) that are handled or sent here.

lsprotocol has them all, and takes a fifth of a second to be imported: more than everything else that
stands between the start of the server and its first question.
"""

INITIALIZE = "initialize"
INITIALIZED = "initialized"
SHUTDOWN = "shutdown"
EXIT = "exit"
CANCEL_REQUEST = "$/cancelRequest"
PROGRESS_CANCEL = "window/workDoneProgress/cancel"
PROGRESS_CREATE = "window/workDoneProgress/create"
REGISTER_CAPABILITY = "client/registerCapability"

DID_OPEN = "textDocument/didOpen"
DID_CHANGE = "textDocument/didChange"
DID_CLOSE = "textDocument/didClose"

APPLY_EDIT = "workspace/applyEdit"
CONFIGURATION = "workspace/configuration"
DID_CHANGE_CONFIGURATION = "workspace/didChangeConfiguration"
DID_CHANGE_FOLDERS = "workspace/didChangeWorkspaceFolders"

LOG_MESSAGE = "window/logMessage"
SHOW_DOCUMENT = "window/showDocument"
SHOW_MESSAGE = "window/showMessage"
SHOW_MESSAGE_REQUEST = "window/showMessageRequest"
