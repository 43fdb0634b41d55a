// The way to the kinds for what does not yet import each from its own file.
export * from './field';
export * from './kinds/boolean';
export * from './kinds/choice';
export * from './kinds/id';
export * from './kinds/notice';
export * from './kinds/number';
export * from './kinds/text';
