/** What is used of n8n's scanner, which comes without types. */
declare module '@n8n/scan-community-package/scanner/scanner.mjs' {
	import type { Linter } from 'eslint';

	/** What the scanner looks at in the source. */
	export const SOURCE_FILE_PATTERNS: string[];

	/** The rules that the scanner applies. */
	export const buildScanConfig: () => Promise<Linter.Config[]>;
}
