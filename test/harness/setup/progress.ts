const intervalSeconds = { terminal: 1, log: 30 };

const formatSeconds = (since: number) => `${Math.round((Date.now() - since) / 1000)} s`;

/** Shows that the work goes on: a counting line in a terminal, a line every 30 s in a log. */
export async function withProgress<T>(label: string, work: () => Promise<T>): Promise<T> {
	const startedAt = Date.now();
	const terminal = process.stdout.isTTY;
	const show = (text: string) => process.stdout.write(terminal ? `\r\x1b[2K${text}` : `${text}\n`);
	show(`${label} …`);
	const ticker = setInterval(
		() => show(`${label} … ${formatSeconds(startedAt)}`),
		1000 * (terminal ? intervalSeconds.terminal : intervalSeconds.log),
	);
	try {
		const result = await work();
		show(`${label}: done in ${formatSeconds(startedAt)}${terminal ? '\n' : ''}`);
		return result;
	} catch (error) {
		show(`${label}: failed after ${formatSeconds(startedAt)}${terminal ? '\n' : ''}`);
		throw error;
	} finally {
		clearInterval(ticker);
	}
}
