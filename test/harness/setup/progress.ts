const everySeconds = { terminal: 1, log: 30 };

const seconds = (since: number) => `${Math.round((Date.now() - since) / 1000)} s`;

/** Runs the work and shows that it goes on: a counting line in a terminal, a line now and then in a log. */
export async function withProgress<T>(label: string, work: () => Promise<T>): Promise<T> {
	const started = Date.now();
	const terminal = process.stdout.isTTY;
	const show = (text: string) => process.stdout.write(terminal ? `\r\x1b[2K${text}` : `${text}\n`);
	show(`${label} …`);
	const ticking = setInterval(
		() => show(`${label} … ${seconds(started)}`),
		1000 * (terminal ? everySeconds.terminal : everySeconds.log),
	);
	try {
		const result = await work();
		show(`${label}: done in ${seconds(started)}${terminal ? '\n' : ''}`);
		return result;
	} catch (error) {
		show(`${label}: failed after ${seconds(started)}${terminal ? '\n' : ''}`);
		throw error;
	} finally {
		clearInterval(ticking);
	}
}
