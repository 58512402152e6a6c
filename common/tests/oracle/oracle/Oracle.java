import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericEnumSymbol;
import org.apache.avro.generic.GenericFixed;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;

/**
 * What Avro's own library makes of the cases. Run by run.sh, in the repository's root.
 *
 * <p>{@code decode CASES EXPECTED}: reads each datum of each case, written with the writer's schema, as the reader's, and
 * writes what came out as plain JSON. {@code encode CASE…}: prints what a case has under {@code written} (Avro's JSON
 * encoding) as hexadecimal data, a JSON array for each case.
 */
public final class Oracle {
  private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final int LONGEST_MESSAGE = 160;

  public static void main(String[] arguments) throws IOException {
    if (arguments.length == 3 && arguments[0].equals("decode")) {
      decodeAll(Path.of(arguments[1]), Path.of(arguments[2]));
    } else if (arguments.length > 1 && arguments[0].equals("encode")) {
      for (String file : List.of(arguments).subList(1, arguments.length)) {
        System.out.println(encode(new Case(Path.of(file))).toString());
      }
    } else {
      System.err.println("usage: Oracle decode CASES EXPECTED | Oracle encode CASE…");
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
        results.add(decode(one, HexFormat.of().parseHex(datum.textValue())));
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
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      var encoder = EncoderFactory.get().binaryEncoder(bytes, null);
      new GenericDatumWriter<>(one.writer).write(datum, encoder);
      encoder.flush();
      data.add(HexFormat.of().formatHex(bytes.toByteArray()));
    }
    return data;
  }

  /** The value, or the error that Avro reports. */
  private static ObjectNode decode(Case one, byte[] datum) throws IOException {
    BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(datum, null);
    // GenericData as it comes has no conversions: a logical type is read as what lies under it.
    GenericDatumReader<Object> reader = new GenericDatumReader<>(one.writer, one.reader, new GenericData());
    Object value;
    try {
      value = reader.read(null, decoder);
    } catch (RuntimeException | IOException error) {
      String message = String.valueOf(error.getMessage()).lines().findFirst().orElse("");
      String cut = message.substring(0, Math.min(message.length(), LONGEST_MESSAGE));
      return NODES.objectNode().put("error", error.getClass().getSimpleName() + ": " + cut);
    }
    if (!decoder.isEnd()) {
      throw new IllegalArgumentException(one.json.get("name") + ": a datum is longer than its value");
    }
    return NODES.objectNode().set("value", plain(value));
  }

  private static JsonNode plain(Object value) {
    if (value == null) {
      return NODES.nullNode();
    } else if (value instanceof IndexedRecord record) {
      ObjectNode object = NODES.objectNode();
      for (Schema.Field field : record.getSchema().getFields()) {
        object.set(field.name(), plain(record.get(field.pos())));
      }
      return object;
    } else if (value instanceof Map<?, ?> map) {
      // In the order of their keys, so that the same case gives the same file.
      Map<String, JsonNode> sorted = new TreeMap<>();
      map.forEach((key, element) -> sorted.put(key.toString(), plain(element)));
      return NODES.objectNode().setAll(sorted);
    } else if (value instanceof List<?> list) {
      ArrayNode array = NODES.arrayNode();
      list.forEach(element -> array.add(plain(element)));
      return array;
    } else if (value instanceof CharSequence || value instanceof GenericEnumSymbol) {
      return NODES.textNode(value.toString());
    } else if (value instanceof ByteBuffer buffer) {
      byte[] bytes = new byte[buffer.remaining()];
      buffer.duplicate().get(bytes);
      return NODES.textNode("hex:" + HexFormat.of().formatHex(bytes));
    } else if (value instanceof GenericFixed fixed) {
      return NODES.textNode("hex:" + HexFormat.of().formatHex(fixed.bytes()));
    } else if (value instanceof Boolean truth) {
      return NODES.booleanNode(truth);
    } else if (value instanceof Integer || value instanceof Long) {
      return NODES.numberNode(((Number) value).longValue());
    } else if (value instanceof Float || value instanceof Double) {
      double number = ((Number) value).doubleValue();
      return Double.isFinite(number) ? NODES.numberNode(number) : NODES.textNode(Double.toString(number));
    }
    throw new IllegalArgumentException("no plain JSON for " + value.getClass());
  }
}
