import NotifierService
import ServiceKit

ServiceMain<Notifier>.run(pipeline: Notifier.pipelineSettings)
