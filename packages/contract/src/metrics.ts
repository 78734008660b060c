/** One family of figures at `/metrics`. Names, types and labels are stable: dashboards and alert rules hang on them. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary'
  /** Base unit, also the end of the name; left out for plain counts. */
  readonly unit?: 'seconds' | 'bytes'
  readonly help: string
  readonly labels: readonly string[]
}

/** Every figure of `/metrics`. Figures with the label `project` are shown to those who hold `metrics:read` there. */
export const metricDefinitions = {
  trivium_info: { type: 'gauge', help: 'Always 1; the version of the program is a label.', labels: ['version'] },
  trivium_uptime_seconds: {
    type: 'gauge',
    unit: 'seconds',
    help: 'Time since the main process started.',
    labels: [],
  },
  trivium_tables_processes_replaced_total: {
    type: 'counter',
    labels: ['process'],
    help: 'Processes of the tables that were replaced because they kept too much memory after a call.',
  },
  trivium_resident_memory_bytes: {
    type: 'gauge',
    unit: 'bytes',
    help: 'Resident memory by process: main, gateway, and those of the tables.',
    labels: ['process'],
  },
  trivium_event_loop_delay_seconds: {
    type: 'summary',
    unit: 'seconds',
    help: 'How late timers of the main process fire, since the last scrape.',
    labels: ['quantile'],
  },
  trivium_disk_free_bytes: {
    type: 'gauge',
    unit: 'bytes',
    help: 'Free space of the file system that holds the data directory.',
    labels: [],
  },
  trivium_http_request_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    help: 'Requests to the main process by route, until the answer was sent. Streams are left out.',
    labels: ['method', 'route', 'status'],
  },
  trivium_events_sealed_total: {
    type: 'counter',
    help: 'Events that were numbered and can be read.',
    labels: [],
  },
  trivium_events_unsealed: {
    type: 'gauge',
    help: 'Events that were committed and wait for their number.',
    labels: [],
  },
  trivium_event_consumer_lag: {
    type: 'gauge',
    help: 'Events that a consumer has not read yet.',
    labels: ['consumer'],
  },
  trivium_event_consumer_failing: {
    type: 'gauge',
    help: '1 while the last batch of a consumer failed and is tried again.',
    labels: ['consumer'],
  },
  trivium_jobs_active: {
    type: 'gauge',
    help: 'Jobs that are due or running.',
    labels: ['project', 'kind'],
  },
  trivium_job_oldest_due_seconds: {
    type: 'gauge',
    unit: 'seconds',
    help: 'How long the oldest job that could run has waited; 0 when none waits.',
    labels: [],
  },
  trivium_predictions_total: {
    type: 'counter',
    help: 'Rows that the gateway has predicted since it started.',
    labels: ['project', 'deployment'],
  },
  trivium_prediction_requests_total: {
    type: 'counter',
    help: 'Requests to a deployment since the gateway started, by outcome: answered, refused (4xx) or failed (5xx).',
    labels: ['project', 'deployment', 'outcome'],
  },
  trivium_prediction_duration_seconds: {
    type: 'summary',
    unit: 'seconds',
    help: 'Time from the arrival of a request at the gateway to its answer, since it started.',
    labels: ['project', 'deployment', 'quantile'],
  },
  trivium_requests_running: {
    type: 'gauge',
    help: 'Requests to the main process that are under way, by class of load: vital, normal, heavy, upload.',
    labels: ['load'],
  },
  trivium_requests_waiting: {
    type: 'gauge',
    help: 'Requests that wait until others of their class have ended.',
    labels: ['load'],
  },
  trivium_requests_shed_total: {
    type: 'counter',
    help: 'Requests that were refused with 503 because there was too much to do.',
    labels: ['load'],
  },
  trivium_ideas: {
    type: 'gauge',
    help: 'Ideas for experiments by state: open, chosen, dropped, concluded.',
    labels: ['project', 'state'],
  },
  trivium_ideas_evaluated_total: {
    type: 'counter',
    help: 'Ideas whose first run has finished well, by the id of whoever ran it.',
    labels: ['project', 'person'],
  },
  trivium_idea_to_model_seconds: {
    type: 'gauge',
    unit: 'seconds',
    help: 'Median time from writing an idea down to the end of its first finished run, of the ideas evaluated in the last 90 days.',
    labels: ['project'],
  },
  trivium_release_decisions_waiting: {
    type: 'gauge',
    help: 'Model versions that wait for a decision.',
    labels: ['project'],
  },
  trivium_release_decision_oldest_seconds: {
    type: 'gauge',
    unit: 'seconds',
    help: 'How long the oldest of them waits.',
    labels: ['project'],
  },
  trivium_release_decision_seconds: {
    type: 'gauge',
    unit: 'seconds',
    help: 'Median time from asking for a decision on a model version to the decision, of those decided in the last 90 days.',
    labels: ['project'],
  },
  trivium_release_returned_ratio: {
    type: 'gauge',
    help: 'Share of these decisions that sent the version back.',
    labels: ['project'],
  },
  trivium_quota_limit: {
    type: 'gauge',
    help: 'Limits that were set for a project; 0 is none.',
    labels: ['project', 'quota'],
  },
  trivium_quota_used: {
    type: 'gauge',
    help: 'What a project has used of what is counted by the minute or day, as this server knows it.',
    labels: ['project', 'quota'],
  },
  trivium_quota_refusals_total: {
    type: 'counter',
    help: 'Requests that were refused because a quota was used up.',
    labels: ['project', 'quota'],
  },
  trivium_trace_spans_dropped_total: {
    type: 'counter',
    help: 'Spans that were not sent, because the queue was full or their receiver did not take them.',
    labels: [],
  },
  trivium_metrics_errors_total: {
    type: 'counter',
    help: 'Readings that failed while figures were collected; the others are shown all the same.',
    labels: [],
  },
} as const satisfies Record<string, MetricDefinition>

/** The name of a family, as `/metrics` writes it. */
export type MetricName = keyof typeof metricDefinitions
