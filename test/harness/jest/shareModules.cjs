/* global jest, sharedModules */
// A file that needs a separate n8n says `@jest-environment node`, and gets none of these.
if (typeof sharedModules !== 'undefined')
	for (const [name, load] of sharedModules) jest.mock(name, load);
