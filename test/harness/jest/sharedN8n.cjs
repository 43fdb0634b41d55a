// Jest gives every test file another global object. This one hands on from file to file where the
// shared n8n runs (test/harness/n8n/sharedN8n.ts).
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
