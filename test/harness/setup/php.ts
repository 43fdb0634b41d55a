import { findCommand, installDebianPackage } from './debian';

/** The path of PHP on the command line; installed when there is none. */
export async function ensurePhp(): Promise<string> {
	const present = await findCommand('php');
	if (present) return present;
	await installDebianPackage('php-cli', 'PHP');
	const installed = await findCommand('php');
	if (installed) return installed;
	throw new Error(
		'No PHP found. Install one (on Debian or Ubuntu: apt-get install php-cli): the test of examples/woocommerce runs on it.',
	);
}
