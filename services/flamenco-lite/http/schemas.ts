import { jobStatuses, taskStatuses, workerStatuses } from '../core/model.ts';

/** JSON schemas of the request bodies: Flamenco's OpenAPI document, reduced to what it checks. */
const text = { type: 'string' } as const;
const texts = { type: 'array', items: text } as const;
const textMap = { type: 'object', additionalProperties: text } as const;

function object(required: readonly string[], properties: Readonly<Record<string, object>>) {
  return { type: 'object', required, properties };
}

export const submittedJobSchema = object(['name', 'type', 'priority', 'submitter_platform'], {
  name: text,
  type: text,
  type_etag: text,
  priority: { type: 'integer' },
  settings: { type: 'object' },
  metadata: textMap,
  submitter_platform: text,
  storage: object([], { shaman_checkout_id: text }),
  worker_tag: text,
  initial_status: { type: 'string', enum: jobStatuses },
});

export const jobStatusChangeSchema = object(['status', 'reason'], {
  status: { type: 'string', enum: jobStatuses },
  reason: text,
});

export const taskStatusChangeSchema = object(['status', 'reason'], {
  status: { type: 'string', enum: taskStatuses },
  reason: text,
});

export const jobPrioritySchema = object(['priority'], {
  priority: { type: 'integer', minimum: 0, maximum: 100 },
});

export const jobTagSchema = object([], { id: text, name: text });

export const massDeletionSchema = object([], { last_updated_max: text });

export const blocklistSchema = {
  type: 'array',
  items: object(['worker_id', 'task_type'], { worker_id: text, task_type: text, worker_name: text }),
} as const;

export const workerStatusChangeSchema = object(['status', 'is_lazy'], {
  status: { type: 'string', enum: workerStatuses },
  is_lazy: { type: 'boolean' },
});

export const workerTagsSchema = object(['tag_ids'], { tag_ids: texts });

export const tagSchema = object(['name'], { id: text, name: text, description: text });

export const registrationSchema = object(['secret', 'platform', 'supported_task_types', 'name'], {
  secret: text,
  platform: text,
  supported_task_types: texts,
  name: text,
});

export const signOnSchema = object(['name', 'supported_task_types', 'software_version'], {
  name: text,
  supported_task_types: texts,
  software_version: text,
  can_restart: { type: 'boolean' },
});

export const stateChangedSchema = object(['status'], { status: { type: 'string', enum: workerStatuses } });

export const taskUpdateSchema = object([], {
  taskStatus: { type: 'string', enum: taskStatuses },
  activity: text,
  log: text,
  steps_completed: { type: 'integer' },
});

export const pathSchema = object(['path'], { path: text });

export const anyObjectSchema = { type: 'object' } as const;
