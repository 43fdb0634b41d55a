export { nameListField } from './list';
