import GatewayService
import ServiceKit

ServiceMain<Gateway>.run(pipeline: Gateway.pipelineSettings)
