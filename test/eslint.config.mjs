// Tests, sandbox and demo never run inside n8n, so n8n's rules for nodes (no timers, no process, no
// Node.js modules) are not for them. Counts instead of the configuration at the top.
import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
	{ ignores: ['**/output/**'] },
	{
		files: ['**/*.{ts,tsx}'],
		extends: [js.configs.recommended, tseslint.configs.recommended],
	},
);
