// Is imported when it is first needed. A file of ours, since a bundler finds names in a CommonJS package only when they are
// imported by a statement.
export { ClusterManagerClient } from '@google-cloud/container';
