/* global jest, sharedModules */
for (const [name, shared] of Object.entries(sharedModules)) jest.mock(name, () => shared);
