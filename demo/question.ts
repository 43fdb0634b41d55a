import { createInterface } from 'node:readline';

/** Enter keeps what was built; a second Ctrl-C, or the end of the input, deletes it. */
export async function askWhetherToKeep(): Promise<boolean> {
	const terminal = createInterface({ input: process.stdin, output: process.stdout });
	try {
		return await new Promise<boolean>((resolve) => {
			const ask = () =>
				terminal.question(
					'\nKeep this n8n and everything that you created? [k]eep (Enter) / [d]elete (Ctrl-C): ',
					(answer) => {
						const [letter = 'k'] = answer.trim().toLowerCase();
						if (letter === 'k' || letter === 'd') resolve(letter === 'k');
						else ask();
					},
				);
			terminal.on('SIGINT', () => resolve(false));
			terminal.on('close', () => resolve(false));
			ask();
		});
	} finally {
		terminal.close();
	}
}
