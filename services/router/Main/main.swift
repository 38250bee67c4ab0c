import RouterService
import ServiceKit

ServiceMain<Router>.run(pipeline: Router.pipelineSettings)
