// The way to the shared fields for what does not yet import each from its own file.
export * from './shared/collections';
export * from './shared/output';
export * from './shared/paging';
export * from './shared/salesPage';
