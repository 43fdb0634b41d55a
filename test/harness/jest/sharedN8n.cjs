// Jest gives every test file a global object of its own. What a file puts in here the next one finds: where
// the n8n runs that they share (test/harness/n8n/sharedN8n.ts).
const { TestEnvironment } = require('jest-environment-node');

let shared;

module.exports = class extends TestEnvironment {
	constructor(...args) {
		super(...args);
		this.global.sharedN8n = {
			read: () => shared,
			write: (text) => (shared = text),
		};
	}
};
