import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.reflect.Method;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.avro.NameValidator;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;

/**
 * What Avro's own library, in several of its versions, makes of each schema and each pair of schemas of the corpus.
 *
 * <p>The newest version says whether a schema can be registered (names and defaults are checked, as Confluent's registry
 * has them checked), and how data are read. All say whether a schema that is registered is read (nothing is checked).
 */
final class Corpus {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int SAMPLES = 3;

  /** Parses without checks; by version, oldest first. */
  private final Map<String, Parser> held = new LinkedHashMap<>();

  private interface Parser {
    Object parse(String text) throws ReflectiveOperationException;
  }

  /** With the older versions' jars, each in a directory that is called as the version is. */
  Corpus(List<Path> older) throws IOException {
    for (Path directory : older) {
      held.put(directory.getFileName().toString(), older(directory));
    }
    held.put("1.12.1", Corpus::held);
  }

  private static Schema held(String text) {
    return new Schema.Parser(NameValidator.NO_VALIDATION).setValidateDefaults(false).parse(text);
  }

  private static Parser older(Path directory) throws IOException {
    List<URL> jars = new ArrayList<>();
    try (Stream<Path> listed = Files.list(directory)) {
      for (Path jar : listed.filter(it -> it.toString().endsWith(".jar")).sorted().toList()) {
        jars.add(url(jar));
      }
    }
    // Nothing of the newest version may be seen from there.
    ClassLoader loader = new URLClassLoader(jars.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
    try {
      Class<?> parser = loader.loadClass("org.apache.avro.Schema$Parser");
      Method validate = parser.getMethod("setValidate", boolean.class);
      Method validateDefaults = parser.getMethod("setValidateDefaults", boolean.class);
      Method parse = parser.getMethod("parse", String.class);
      return text -> {
        Object one = parser.getConstructor().newInstance();
        validate.invoke(one, false);
        validateDefaults.invoke(one, false);
        return parse.invoke(one, text);
      };
    } catch (ReflectiveOperationException error) {
      throw new IllegalStateException(directory + " does not hold the library", error);
    }
  }

  private static URL url(Path jar) throws MalformedURLException {
    return jar.toUri().toURL();
  }

  /** Reads the lines that generate.py prints, and writes schemas.jsonl and pairs.jsonl. */
  void judge(Path input, Path output) throws IOException {
    List<String> schemas = new ArrayList<>();
    List<String> pairs = new ArrayList<>();
    for (String line : Files.readAllLines(input)) {
      JsonNode given = JSON.readTree(line);
      if (given.has("schema")) {
        schemas.add(JSON.writeValueAsString(schema(given)));
      } else {
        pairs.add(JSON.writeValueAsString(pair(given)));
      }
    }
    Files.write(output.resolve("schemas.jsonl"), schemas);
    Files.write(output.resolve("pairs.jsonl"), pairs);
  }

  private ObjectNode schema(JsonNode given) {
    String text = given.get("text").textValue();
    ObjectNode said = JSON.createObjectNode().put("name", given.get("schema").textValue()).put("text", text);
    try {
      new Schema.Parser().setValidateDefaults(true).parse(text);
      said.put("new", "taken");
    } catch (RuntimeException | StackOverflowError error) {
      said.put("new", Data.message(error));
    }
    ArrayNode versions = said.putArray("held");
    held.forEach((version, parser) -> {
      if (isRead(parser, text)) {
        versions.add(version);
      }
    });
    understood(text).ifPresent(schema -> {
      said.put("understood", schema.toString());
      if (schema.getObjectProp("logicalType") != null) {
        said.put("means", schema.getLogicalType() != null);
      }
    });
    ArrayNode skipped = JSON.createArrayNode();
    for (int n = 0; n < SAMPLES; n++) {
      skipped(text, n).ifPresent(skipped::add);
    }
    if (!skipped.isEmpty()) {
      said.set("skipped", skipped);
    }
    return said;
  }

  private static boolean isRead(Parser parser, String text) {
    try {
      return parser.parse(text) != null;
    } catch (ReflectiveOperationException | RuntimeException | StackOverflowError error) {
      return false;
    }
  }

  /** A schema as the newest version understands it. */
  private static Optional<Schema> understood(String text) {
    try {
      return Optional.of(held(text));
    } catch (RuntimeException | StackOverflowError error) {
      return Optional.empty();
    }
  }

  /** A datum of a record whose first field is of that type, and whose second is a number. */
  private static Optional<String> skipped(String text, int n) {
    try {
      Schema holder = held(Corpus.holder(text));
      return Optional.of(Data.encode(holder, Samples.of(holder, n)));
    } catch (RuntimeException | IOException | StackOverflowError error) {
      return Optional.empty();
    }
  }

  private static String holder(String text) {
    return "{\"type\":\"record\",\"name\":\"Holder_\",\"fields\":[{\"name\":\"skipped\",\"type\":" + text
        + "},{\"name\":\"number\",\"type\":\"int\"}]}";
  }

  private static ObjectNode pair(JsonNode given) throws IOException {
    String name = given.get("pair").textValue();
    ObjectNode said = JSON.createObjectNode().put("name", name);
    said.set("writer", given.get("writer"));
    said.set("reader", given.get("reader"));
    Schema writer = held(given.get("writer").textValue());
    Schema reader = new Schema.Parser().parse(given.get("reader").textValue());
    said.set("incompatible", incompatible(writer, reader));
    ArrayNode data = said.putArray("data");
    ArrayNode read = said.putArray("read");
    for (int n = 0; n < SAMPLES; n++) {
      try {
        data.add(Data.encode(writer, Samples.of(writer, n)));
      } catch (RuntimeException error) {
        break; // it has no values
      }
      read.add(Data.decode(writer, reader, data.get(n).textValue()));
    }
    return said;
  }

  /** What keeps the reader from reading all that the writer may write. */
  private static ArrayNode incompatible(Schema writer, Schema reader) {
    ArrayNode reasons = JSON.createArrayNode();
    try {
      SchemaCompatibility.checkReaderWriterCompatibility(reader, writer).getResult().getIncompatibilities()
          .forEach(it -> reasons.add(it.getType().name()));
    } catch (RuntimeException error) {
      // A registry takes that for a reason, too.
      reasons.add(Data.message(error));
    }
    return reasons;
  }
}
