/* global jest, sharedModules */
// A file that needs an n8n of its own says `@jest-environment node`, and gets none of these.
if (typeof sharedModules !== 'undefined')
	for (const [name, load] of sharedModules) jest.mock(name, load);
