/** npm run contract:diff -- FILE: what an OpenAPI document, in YAML or JSON, says differently. */
import { readMessage } from '../../test/harness/runMain';
import { compareDocuments, formatDifferences } from './compare';
import { contract, readDocument } from './document';

const [file] = process.argv.slice(2);

if (file === undefined) {
	process.stderr.write('Name the document to compare with: npm run contract:diff -- FILE\n');
	process.exitCode = 2;
} else {
	try {
		const differences = compareDocuments(contract, readDocument(file));
		process.stdout.write(formatDifferences(differences));
		process.exitCode = differences.length === 0 ? 0 : 1;
	} catch (error) {
		process.stderr.write(`${readMessage(error)}\n`);
		process.exitCode = 2;
	}
}
