// The services and orderctl in one file, for the image: most of each executable is the same Swift runtime. The name that the file is called by says
// which of them runs.

import ExecutorService
import GatewayService
import Glibc
import NotifierService
import OrderCtl
import RouterService
import ServiceKit

let name = CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? ""
switch name {
case "gateway": ServiceMain<Gateway>.run(pipeline: Gateway.pipelineSettings)
case "router": ServiceMain<Router>.run(pipeline: Router.pipelineSettings)
case "executor": ServiceMain<Executor>.run(pipeline: Executor.pipelineSettings)
case "notifier": ServiceMain<Notifier>.run(pipeline: Notifier.pipelineSettings)
case "orderctl": OrderCtl.main()
default:
    let message = "\(name): call this by a link with the name gateway, router, executor, notifier or orderctl.\n"
    _ = Array(message.utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    exit(64)
}
