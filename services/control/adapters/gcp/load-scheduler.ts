// See load-container.ts.
export { CloudSchedulerClient } from '@google-cloud/scheduler';
