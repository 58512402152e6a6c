import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.io.DecoderFactory;

/**
 * What Avro's own library makes of the cases. Run by run.sh, in the repository's root.
 *
 * <p>{@code decode CASES EXPECTED}: reads each datum of each case, written with the writer's schema, as the reader's, and
 * writes what came out as plain JSON. {@code encode CASE…}: prints what a case has under {@code written} (Avro's JSON
 * encoding) as hexadecimal data, a JSON array for each case. {@code corpus INPUT OUTPUT LIB…}: see {@link Corpus}.
 */
public final class Oracle {
  private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  public static void main(String[] arguments) throws IOException {
    if (arguments.length == 3 && arguments[0].equals("decode")) {
      decodeAll(Path.of(arguments[1]), Path.of(arguments[2]));
    } else if (arguments.length > 1 && arguments[0].equals("encode")) {
      for (String file : List.of(arguments).subList(1, arguments.length)) {
        System.out.println(encode(new Case(Path.of(file))).toString());
      }
    } else if (arguments.length > 2 && arguments[0].equals("corpus")) {
      List<Path> rest = Stream.of(arguments).skip(1).map(Path::of).toList();
      new Corpus(rest.subList(2, rest.size())).judge(rest.get(0), rest.get(1));
    } else {
      System.err.println("usage: Oracle decode CASES EXPECTED | Oracle encode CASE… | Oracle corpus INPUT OUTPUT LIB…");
      System.exit(2);
    }
  }

  /** A case's file, and the schemas in it. */
  private static final class Case {
    final JsonNode json;
    final Schema writer;
    final Schema reader;

    Case(Path file) throws IOException {
      json = JSON.readTree(file.toFile());
      try {
        // One parser for all of them, so that the writer's schema can name what a reference defines.
        Schema.Parser parser = new Schema.Parser();
        for (JsonNode reference : json.path("references")) {
          parser.parse(text(reference));
        }
        writer = parser.parse(text(json.get("writer")));
        reader = new Schema.Parser().parse(text(json.get("reader")));
      } catch (RuntimeException error) {
        throw new IllegalArgumentException(file + ": " + error.getMessage(), error);
      }
    }

    /** A schema stands in the case, or is the path of an .avsc file. */
    private static String text(JsonNode schema) throws IOException {
      boolean path = schema.isTextual() && schema.textValue().endsWith(".avsc");
      return path ? Files.readString(Path.of(schema.textValue())) : schema.toString();
    }
  }

  private static void decodeAll(Path cases, Path expected) throws IOException {
    List<Path> files;
    try (Stream<Path> listed = Files.list(cases)) {
      files = listed.sorted().toList();
    }
    // Every array on lines of its own, so that a difference shows as one line.
    DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
    printer.indentArraysWith(DefaultIndenter.SYSTEM_LINEFEED_INSTANCE);
    for (Path file : files) {
      Case one = new Case(file);
      JsonNode data = one.json.get("data");
      if (one.json.has("written") && !encode(one).equals(data)) {
        throw new IllegalArgumentException(file + ": data is not what is written, which is " + encode(one));
      }
      ArrayNode results = NODES.arrayNode();
      for (JsonNode datum : data) {
        results.add(Data.decode(one.writer, one.reader, datum.textValue()));
      }
      String text = JSON.writer(printer).writeValueAsString(results);
      Files.writeString(expected.resolve(file.getFileName()), text + "\n");
    }
  }

  private static ArrayNode encode(Case one) throws IOException {
    ArrayNode data = NODES.arrayNode();
    for (JsonNode written : one.json.path("written")) {
      Object datum =
          new GenericDatumReader<>(one.writer)
              .read(null, DecoderFactory.get().jsonDecoder(one.writer, written.toString()));
      data.add(Data.encode(one.writer, datum));
    }
    return data;
  }
}
