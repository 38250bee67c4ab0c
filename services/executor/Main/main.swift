import ExecutorService
import ServiceKit

ServiceMain<Executor>.run(pipeline: Executor.pipelineSettings)
